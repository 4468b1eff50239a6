"""No regular expression takes more than linear time: what is read was written by strangers, and ``re`` holds the lock.

An expression is slow where two of its loops, one behind the other, can share a run of characters and the match can
then still fail: ``.*\\d+x``, or ``\\s+$`` looked for from every place. Each expression is taken apart into the places
a character can be read at, and two (three) walks over them look for such a run. Loops with a bound cost a factor and
are left aside here; tests/readers/test_hostile_text.py measures.
"""

from __future__ import annotations

import ast
import importlib
import re
import re._parser as parser  # type: ignore[import-not-found]
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "erckit"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if "import re\n" in path.read_text(encoding="utf-8"))
METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
SEARCHES = frozenset(METHODS) - {"match", "fullmatch"}  # from every place of the text
SAMPLE = "".join(map(chr, range(256))) + "\u0661\u200b\u200e\u2014\u201d\u3000\u3002\u3042\u4e2d\uac00\uff1a\U0001f600"
COPIES = 6  # of what is repeated up to a bound; more are as good as these
# Made of a model's labels or words: plain texts between ``\s`` and word boundaries. Where, and how many.
MADE_OF_LABELS = {
    "causal/plain_text.py": 1,
    "corpora/own/given_splits.py": 1,
    "corpora/own/read_own.py": 1,
    "prompting/answers/read_answers.py": 3,
}

# Runs of pictures that are joined by signs: nothing that could fail comes after the last loop, which the rule does not
# see. tests/encoding/test_spoken_text.py times them.
TIMED = {"encoding/spoken_text.py:_ONE_EMOJI", "encoding/spoken_text.py:_PIECES"}


class _Walks:
    """Places where an expression reads a character, and which place can come after which in how many ways.

    Args:
        expression: What to look at.
        mode: ``search`` (or another method that begins everywhere), ``match`` or ``fullmatch``.
    """

    def __init__(self, expression: re.Pattern[Any], mode: str) -> None:
        self._flags, self._mode = expression.flags, mode
        self._free: dict[int, list[tuple[int, bool]]] = defaultdict(list)
        self.reads: list[tuple[frozenset[str], int]] = []  # the characters of a place, the state behind it
        self._at: dict[int, list[int]] = defaultdict(list)
        self._states = 1
        parsed = parser.parse(expression.pattern, expression.flags & ~re.DEBUG)
        self._alphabet = frozenset(SAMPLE) | {chr(code) for code in _codes(parsed)}
        self._end = self._sequence(parsed, 0)
        anchors = (parser.AT_BEGINNING, parser.AT_BEGINNING_STRING)
        anchored = bool(len(parsed)) and parsed[0][0] is parser.AT and parsed[0][1] in anchors
        self.follows = [self._reach(after)[0] for _, after in self.reads]
        # Whether the match can still fail once this place has been read.
        self.can_fail = [self._still_fails(place) for place in range(len(self.reads))]
        if mode == "search" and not (anchored and not expression.flags & re.MULTILINE):
            start = self._reach(0)[0]
            self.reads.append((self._alphabet, 0))
            self.follows.append(start + Counter([len(self.reads) - 1]))
            self.can_fail.append(True)

    def _still_fails(self, place: int) -> bool:
        characters, after = self.reads[place]
        if not self._reach(after)[1]:
            return True
        takes_all = characters == self._alphabet and place in self.follows[place]
        return self._mode == "fullmatch" and not takes_all

    def _new(self) -> int:
        self._states += 1
        return self._states - 1

    def _read(self, characters: Iterable[str], start: int) -> int:
        end = self._new()
        self._at[start].append(len(self.reads))
        self.reads.append((frozenset(characters), end))
        return end

    def _go(self, start: int, end: int, may_fail: bool = False) -> int:
        self._free[start].append((end, may_fail))
        return end

    def _sequence(self, parsed: Iterable[Any], start: int) -> int:
        for kind, value in parsed:
            start = self._one(str(kind), value, start)
        return start

    def _one(self, kind: str, value: Any, start: int) -> int:
        if kind in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._read(self._characters(kind, value), start)
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            return self._repeat(*value, start)
        if kind in ("SUBPATTERN", "ATOMIC_GROUP"):
            return self._sequence(value[-1] if kind == "SUBPATTERN" else value, start)
        if kind == "BRANCH":
            end = self._new()
            for branch in value[1]:
                self._go(self._sequence(branch, self._go(start, self._new())), end)
            return end
        if kind in ("ASSERT", "ASSERT_NOT"):
            if value[0] > 0:  # looks ahead: may read, but leads nowhere
                self._sequence(value[1], self._go(start, self._new()))
            return self._go(start, self._new(), may_fail=True)
        if kind in ("AT", "FAILURE"):
            return self._go(start, self._new(), may_fail=True)
        raise AssertionError(f"{kind} is not understood here; write the expression without it")

    def _repeat(self, least: int, most: int, body: Any, start: int) -> int:
        for _ in range(min(least, COPIES)):
            start = self._sequence(body, start)
        if most is parser.MAXREPEAT:
            loop = self._go(start, self._new())
            self._go(self._sequence(body, loop), loop)
            return self._go(loop, self._new())
        end = self._new()
        for _ in range(min(most - least, COPIES)):
            self._go(start, end)
            start = self._sequence(body, start)
        return self._go(start, end)

    def _characters(self, kind: str, value: Any) -> set[str]:
        if kind == "ANY":
            return set(self._alphabet) - (set() if self._flags & re.DOTALL else {"\n"})
        if kind in ("LITERAL", "NOT_LITERAL"):
            one = {chr(value)}
            if self._flags & re.IGNORECASE:
                one |= {chr(value).lower(), chr(value).upper()}
            return one if kind == "LITERAL" else set(self._alphabet) - one
        items = [item for item in value if str(item[0]) != "NEGATE"]
        found: set[str] = set().union(*(self._item(*item) for item in items))
        if self._flags & re.IGNORECASE:
            found |= {form for one in found for form in (one.lower(), one.upper()) if len(form) == 1}
        return found if len(items) == len(value) else set(self._alphabet) - found

    def _item(self, kind: Any, value: Any) -> set[str]:
        if str(kind) == "LITERAL":
            return {chr(value)}
        if str(kind) == "RANGE":
            return {one for one in self._alphabet if value[0] <= ord(one) <= value[1]}
        letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[str(value).rpartition("_")[2]]
        letter = letter.upper() if "_NOT_" in str(value) else letter
        category = re.compile(f"\\{letter}", self._flags & re.ASCII)
        return {one for one in self._alphabet if category.match(one)}

    def _reach(self, start: int) -> tuple[Counter[int], bool]:
        """Places that can be read next, with the number of ways, and whether the end is there without a condition."""
        places: Counter[int] = Counter()
        ends = False
        pending: list[tuple[int, frozenset[tuple[int, int]], bool]] = [(start, frozenset(), False)]
        while pending:
            state, used, may_fail = pending.pop()
            ends = ends or (state == self._end and not may_fail)
            places.update(self._at[state])
            for step, (target, fails) in enumerate(self._free[state]):
                if (state, step) not in used:
                    pending.append((target, used | {(state, step)}, may_fail or fails))
        return places, ends


def _codes(parsed: Iterable[Any]) -> Iterator[int]:
    """Every character that stands in an expression."""
    for entry in parsed:
        if isinstance(entry, tuple) and entry and str(entry[0]) in ("LITERAL", "NOT_LITERAL"):
            yield entry[1]
        elif isinstance(entry, tuple) and entry and str(entry[0]) == "RANGE":
            yield from entry[1]
        elif isinstance(entry, tuple | list | parser.SubPattern):
            yield from _codes(entry)


def _walk(arrows: Mapping[Any, Iterable[Any]] | Any, starts: Iterable[Any]) -> set[Any]:
    """Everything that can be reached in one step or more."""
    seen: set[Any] = set()
    pending = list(starts)
    while pending:
        for target in arrows(pending.pop()):
            if target not in seen:
                seen.add(target)
                pending.append(target)
    return seen


def fault(expression: re.Pattern[Any], mode: str = "search") -> str | None:
    """Why an expression may take more than linear time, or None where it does not."""
    walks = _Walks(expression, mode)
    reach = {place: _walk(lambda one: walks.follows[one], [place]) for place in range(len(walks.reads))}
    loops = [place for place, targets in reach.items() if place in targets]

    def steps(places: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        choices: list[tuple[tuple[int, ...], frozenset[str]]] = [((), frozenset(walks.reads[-1][0]) | set(SAMPLE))]
        for place in places:
            choices = [
                ((*before, after), shared)
                for before, characters in choices
                for after in walks.follows[place]
                if (shared := characters & walks.reads[after][0])
            ]
        return (chosen for chosen, _ in choices)

    for first in loops:
        for after, ways in walks.follows[first].items():
            if ways > 1 and first in reach[after]:
                return f"{_shown(walks, first)}: a loop in a loop"
        twice = _walk(steps, [(first, first)])
        if any(a != b and (first, first) in _walk(steps, [(a, b)]) for a, b in twice if {a, b} <= reach[first]):
            return f"{_shown(walks, first)}: a loop that can go two ways"
        for second in loops:
            if second == first or second not in reach[first] or not walks.can_fail[second]:
                continue
            if (first, second, second) in _walk(steps, [(first, first, second)]):
                return f"{_shown(walks, first)} and {_shown(walks, second)} can share a run of characters"
    return None


def _shown(walks: _Walks, place: int) -> str:
    characters = sorted(walks.reads[place][0])
    return f"a loop over {''.join(characters[:12])!r}{'...' if len(characters) > 12 else ''}"


@pytest.mark.parametrize(
    ("expression", "mode"),
    [
        (r"(a+)+b", "match"),
        (r"(a*)*b", "match"),
        (r"(a|a)*b", "match"),
        (r"(.*?\d+)-\d+", "fullmatch"),
        (r"<[^<>]*\w[^<>]*\s[^<>]*>", "fullmatch"),
        (r"<v(?:\.[^\s>]*)?(?:\s([^>]*))?>", "search"),
        (r"\s*x$", "search"),
        (r"\d+$", "search"),
        (r"([^,.]+?) (\d+)(?:, |\.)", "search"),
        (r"[.]\s+|\s*\n\s*", "search"),
        (r"a*(?=b)", "search"),
    ],
)
def test_the_rule_below_can_fail(expression: str, mode: str) -> None:
    assert fault(re.compile(expression), mode)


@pytest.mark.parametrize(
    ("expression", "mode"),
    [
        (r"[\W_]+", "search"),
        (r'"([^"]*)"', "search"),
        (r"<([^<>|]*)(?:\|([^<>]*))?>", "search"),
        (r"^\s*<think>.*?(</think>|\Z)", "match"),
        (r"(?:.{0,80}?\s)?(?:image|video)\s(?:omitted)", "fullmatch"),
        (r"\d+ (\d+)\r?\n", "match"),
    ],
)
def test_the_rule_below_lets_these_pass(expression: str, mode: str) -> None:
    assert fault(re.compile(expression, re.DOTALL), mode) is None


@lru_cache
def compiled_expressions() -> dict[str, tuple[re.Pattern[Any], str]]:
    """Every expression of the package that is fixed, by its place, with how it is used at worst."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    uses = {path: _methods(tree) for path, tree in trees.items()}
    found: dict[str, tuple[re.Pattern[Any], str]] = {}
    for path in FILES:
        place = path.relative_to(PACKAGE).as_posix()
        module = importlib.import_module("erckit." + place.removesuffix(".py").replace("/", "."))
        for name, value in vars(module).items():
            for number, expression in enumerate(_patterns(value)):
                used = set().union(*(uses[one][name] for one in uses if one == path or name[0] != "_"))
                mode = "search" if not used or used & SEARCHES else "fullmatch" if used == {"fullmatch"} else "match"
                found[f"{place}:{name}{number or ''}"] = (expression, mode)
        for call in _calls(trees[path], METHODS):
            if isinstance(call.args[0], ast.Constant):
                mode = str(call.func.attr)  # type: ignore[attr-defined]
                mode = mode if mode in ("match", "fullmatch") else "search"
                found[f"{place}:{call.lineno}"] = (re.compile(call.args[0].value), mode)
    return found


def _patterns(value: Any) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list):
        for entry in value:
            yield from _patterns(entry)
    elif isinstance(value, dict):
        yield from _patterns(list(value.values()))


def _methods(tree: ast.AST) -> Mapping[str, set[str]]:
    """Methods of expressions that a file calls, by the name it calls them on."""
    called: dict[str, set[str]] = defaultdict(set)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in METHODS and isinstance(node.value, ast.Name):
            called[node.value.id].add(node.attr)
    return called


def _calls(tree: ast.AST, methods: tuple[str, ...] = (*METHODS, "compile")) -> Iterator[ast.Call]:
    """Calls of ``re`` with an expression."""
    for node in ast.walk(tree):
        is_method = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in methods
        if is_method and isinstance(node.func.value, ast.Name) and node.func.value.id == "re":
            yield node


def test_no_expression_is_slow() -> None:
    expressions = compiled_expressions()
    assert len(expressions) > 60
    assert TIMED <= expressions.keys()
    faults = {p: why for p, (one, mode) in expressions.items() if p not in TIMED and (why := fault(one, mode))}
    assert faults == {}, "use str methods, exclude what the loop's end begins with, or give the loops a bound"


RUNS = (
    " ", "0", "a", ".", "-", "<", "(", '"', ":", ",", "\t", "\n", "\u200e", "a ", "<a ", "<v ", "<0:", "0:", "a 1, ",
    "1-", "a.", '."', "\u3002", "</", "[A", "/*", "#", "Dr.", "{\\", "<think>", "0:00 ", "00:00:01.000 --> ", "1/1/20",
)  # fmt: skip


def test_every_expression_on_a_hundred_thousand_characters() -> None:
    """The rule above may have a hole, and bounds may be too large."""
    slow: dict[str, float] = {}
    for place, (expression, mode) in compiled_expressions().items():
        for run in RUNS:
            text: Any = run * (100_000 // len(run)) + "!"
            text = text.encode() if isinstance(expression.pattern, bytes) else text
            start = time.process_time()
            if mode == "search":
                expression.sub(text[:0], text)
            else:
                getattr(expression, mode)(text)
            spent = time.process_time() - start
            if spent >= 0.3:
                slow[f"{place} {run!r}"] = spent
    assert slow == {}


def test_expressions_made_of_labels_are_known() -> None:
    made: Counter[str] = Counter()
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = {id(call) for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign) for call in _calls(node)}
        for call in _calls(tree):
            # One compiled inside a function would be made anew for each call, and be seen by nobody here.
            is_compiled = isinstance(call.func, ast.Attribute) and call.func.attr == "compile"
            if id(call) not in top and (is_compiled or not isinstance(call.args[0], ast.Constant)):
                made[path.relative_to(PACKAGE).as_posix()] += 1
    assert made == MADE_OF_LABELS, "a new one is checked by nobody: make it of constants at the top of the file"
