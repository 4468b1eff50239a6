"""Rules of the house that no linter knows."""

import ast
import functools
import statistics
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "src" / "erckit").rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
# Loading with these can run code that somebody put into the file.
# One file reads the pickles in which a corpus is passed on, and lets them name no class or function of their own.
READS_PICKLES = "read_plain_pickle.py"
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file(path: Path) -> None:
    assert _lines(path) <= 600
    parts = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
    assert not parts & FORBIDDEN_NAMES
    tree = _tree(path)
    assert ast.get_docstring(tree), "says nowhere what the file is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported = {alias.name.partition(".")[0] for alias in node.names}
            assert not imported & FORBIDDEN_MODULES or (path.name == READS_PICKLES and imported == {"pickle"})
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            assert _called(node) not in {"eval", "exec", "yaml.load", "yaml.unsafe_load", "torch.load", "torch.save"}
            if _called(node).startswith("Auto") and _called(node).partition(".")[2] in (
                "from_pretrained",
                "from_config",
            ):
                # Left out, transformers asks on the terminal whether to run the code that lies in the folder.
                assert "trust_remote_code" in {keyword.arg for keyword in node.keywords}
        elif isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return f"{node.func.value.id}.{node.func.attr}"
    return ""


def test_the_rule_above_can_fail() -> None:
    calls = [node for node in ast.walk(ast.parse("torch.load(x); eval(y)")) if isinstance(node, ast.Call)]
    assert {_called(call) for call in calls} == {"torch.load", "eval"}


def test_files_are_short() -> None:
    assert statistics.median(_lines(path) for path in FILES) < 150


# --- Folders, systems, small files, circles, long functions ---

PACKAGE = ROOT / "src" / "erckit"
MOST_IN_A_FOLDER = 16
# One file per command, and one file per published system: these shelves may be as long as they need.
LONG_SHELVES = ("cli", "readers/formats", "models/tuned", "models/context", "models/prompts", "models/baselines")
# Functions that are longer than the rule allows, at their present size. Lines may go from here, none may be added.
LONG_FUNCTIONS = {
    "evaluation/run/evaluate.py:evaluate_model": (97, 10),
    "evaluation/run/evaluate.py:single_result": (90, 14),
    "evaluation/vectors/few_shot.py:evaluate_few_shot": (106, 11),
    "prompting/annotation/annotator.py:open_annotator": (90, 14),
}
MOST_LINES, MOST_PARAMETERS = 90, 10
# Files outside models/ that name a system, and why. Lines may go from here, none may be added.
NAME_SYSTEMS = {
    "networks/shared_settings.py": {"emonet"},  # the default system
    "reports/pages/prompt_page.py": {  # the page shows every style in an order and with an example of its own
        "instruct_erc", "bios_erc", "laerc_s", "ckerc", "emonet_llm", "last_utterance",
    },
}  # fmt: skip
# Two or more modules that import each other when they are loaded. None may be added.
CIRCLES: set[frozenset[str]] = set()
SMALL = 40
# Files under 40 lines with one importer and in no table, and why. Lines may go from here, none may be added.
SMALL_AND_ALONE = {
    "cli/root.py",  # the command line without its commands: imported by main alone, so that --help stays light
    "corpora/alone.py",  # a concept of its own: utterances without their conversations
    "corpora/meld/meld_speakers.py",  # data, beside the reader of MELD
    "memory/store/migrate_store.py",  # imported only when a store of an old version is opened
    "networks/word_reader.py",
    "readers/merge_conversations.py",  # a concept of its own: ids that stay unique over files
    "writers/display_width.py",  # a concept of its own: columns that a character takes on a terminal
}


@functools.cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _trees() -> list[tuple[Path, ast.Module]]:
    return [(path, _tree(path)) for path in FILES]


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for path in FILES}


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _imports(tree: ast.AST, *, at_load: bool) -> set[str]:
    """Modules of erckit that a file imports; ``at_load`` leaves out imports in functions and those for types alone."""
    found: set[str] = set()
    pending = list(ast.iter_child_nodes(tree))
    while pending:
        node = pending.pop()
        if at_load and (_is_type_checking(node) or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name in MODULES}
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (below & MODULES.keys()) or ({node.module} & MODULES.keys())
        pending.extend(ast.iter_child_nodes(node))
    return found


def _circles(arrows: dict[str, set[str]]) -> set[frozenset[str]]:
    """Groups of modules each of which reaches the others, by Tarjan's walk."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: set[frozenset[str]] = set()

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in arrows[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            start = stack.index(name)
            if len(stack) - start > 1:
                groups.add(frozenset(stack[start:]))
            del stack[start:]

    for name in arrows:
        if name not in index:
            visit(name)
    return groups


def test_no_module_imports_one_that_imports_it() -> None:
    arrows = {name: _imports(_tree(path), at_load=True) - {name} for name, path in MODULES.items()}
    assert _circles(arrows) == CIRCLES


def test_the_walk_finds_a_circle() -> None:
    found = _circles({"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()})
    assert found == {frozenset({"b", "c"})}


def test_folders_hold_few_files() -> None:
    sizes = Counter(path.parent for path in FILES if path.name not in ("__init__.py", "__main__.py"))
    large = {folder.relative_to(PACKAGE).as_posix(): size for folder, size in sizes.items() if size > MOST_IN_A_FOLDER}
    assert {folder: size for folder, size in large.items() if folder not in LONG_SHELVES} == {}


def _systems() -> dict[str, str]:
    from erckit.models import MODELS
    from erckit.models.prompts import PROMPT_STYLES

    return {**MODELS, **PROMPT_STYLES}


def test_no_system_is_named_outside_of_models() -> None:
    systems = set(_systems())
    named: dict[str, set[str]] = {}
    for path, tree in _trees():
        place = path.relative_to(PACKAGE).as_posix()
        if place.startswith("models/"):
            continue
        strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & systems
        if strings:
            named[place] = {str(name) for name in strings}
    new = {place: names - NAME_SYSTEMS.get(place, set()) for place, names in named.items()}
    assert {place: names for place, names in new.items() if names} == {}, "let the system's class say it instead"
    gone = {place: names - named.get(place, set()) for place, names in NAME_SYSTEMS.items()}
    assert {place: names for place, names in gone.items() if names} == {}, "take these out of NAME_SYSTEMS"


def test_every_system_names_its_source() -> None:
    for name, place in _systems().items():
        module, _, attribute = place.partition(":")
        tree = _tree(MODULES[module])
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == attribute]
        said = f"{ast.get_docstring(tree)}\n{ast.get_docstring(classes[0])}"
        assert "Source:" in said, f"{name}: {place} does not say where the system was published"


def test_a_small_file_is_used_twice_or_stands_in_a_table() -> None:
    importers: Counter[str] = Counter()
    tables: set[str] = set()
    for path, tree in _trees():
        importers.update(_imports(tree, at_load=False) - {_module(path)})
        strings = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
        tables |= {text.partition(":")[0] for text in strings if isinstance(text, str) and text.startswith("erckit.")}
    for name in list(importers):  # what a folder's face hands out is used by those who import the folder
        package = name.rpartition(".")[0]
        if MODULES.get(package, PACKAGE).name == "__init__.py" and name in _imports(
            _tree(MODULES[package]), at_load=False
        ):
            importers[name] += importers[package]
    alone = {
        path.relative_to(PACKAGE).as_posix()
        for path in FILES
        if not path.name.startswith("__")
        and path.parent.name != "routes"  # one file per route
        and _lines(path) < SMALL
        and importers[_module(path)] < 2
        and _module(path) not in tables
    }
    assert alone - SMALL_AND_ALONE == set(), "a file of one small thing for one reader: put it where it is read"
    assert SMALL_AND_ALONE - alone == set(), "take these out of SMALL_AND_ALONE"


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    named = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return len([one for one in named if one.arg not in ("self", "cls")])


def test_functions_are_short() -> None:
    for path, tree in _trees():
        place = path.relative_to(PACKAGE).as_posix()
        for node in ast.walk(tree):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if place.startswith("cli/") and node.decorator_list:
                continue  # a command: its options are its parameters
            most_lines, most_parameters = LONG_FUNCTIONS.get(f"{place}:{node.name}", (MOST_LINES, MOST_PARAMETERS))
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= most_lines, f"{place}:{node.lineno} {node.name} has {lines} lines"
            assert _parameters(node) <= most_parameters, f"{place}:{node.lineno} {node.name}: {_parameters(node)}"
