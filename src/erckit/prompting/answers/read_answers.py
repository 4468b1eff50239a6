"""Labels read in generated answers, and how many of the answers are no label."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from erckit.errors import SettingError, nearest

PARSINGS = ("exact", "contained", "nearest")
_AROUND = string.whitespace + string.punctuation + "“”‘’«»…"
# Letters of scripts that put no space between words: Thai and its neighbours, Burmese, Khmer, Chinese, Japanese.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"


@dataclass(frozen=True, slots=True)
class ReadAnswers:
    """What was made of generated answers.

    Args:
        texts: The answers as generated.
        labels: The label read in each, or None.
        inexact: How many are not a label and nothing else.
    """

    texts: tuple[str, ...]
    labels: tuple[str | None, ...]
    inexact: int = 0

    def __add__(self, other: ReadAnswers) -> ReadAnswers:
        return ReadAnswers(self.texts + other.texts, self.labels + other.labels, self.inexact + other.inexact)

    @property
    def unparsed(self) -> tuple[str, ...]:
        """The answers that named no label, in order."""
        return tuple(text for text, label in zip(self.texts, self.labels, strict=True) if label is None)

    @property
    def inexact_rate(self) -> float:
        """Share of answers that are not a label and nothing else, in [0, 1]; 0 where there are no answers."""
        return self.inexact / max(1, len(self.labels))

    @property
    def unparsed_rate(self) -> float:
        """Share of answers in which no label was read, in [0, 1]; 0 where there are no answers."""
        return sum(label is None for label in self.labels) / max(1, len(self.labels))


def read_answers(texts: Sequence[str], labels: Sequence[str], parsing: str = "exact") -> ReadAnswers:
    """Read labels in generated answers.

    Labels are found as whole words or phrases (``happy`` does not stand in ``unhappy``), the longest first (``very
    happy`` is not ``happy``), whatever their case.

    Args:
        texts: Answers.
        labels: The label set.
        parsing: ``exact``: the answer is the label, apart from case and what stands around it. ``contained``: exactly
            one label stands in it. ``nearest``: the label that stands first in the answer, else the one with the
            smallest edit distance to it, so every answer becomes a label (as in InstructERC's released code, which
            takes the first label in label-set order and looks inside words too).

    Raises:
        SettingError: An unknown parsing.
    """
    if parsing not in PARSINGS:
        raise SettingError(f"unknown parsing '{parsing}'. {nearest(parsing, PARSINGS)}")
    inexact = sum(_read(text, tuple(labels), "exact") is None for text in texts)
    return ReadAnswers(tuple(texts), tuple(_read(text, tuple(labels), parsing) for text in texts), inexact)


def _read(text: str, labels: tuple[str, ...], parsing: str) -> str | None:
    plain = text.casefold().strip(_AROUND)
    by_phrase = {_phrase(label): label for label in labels}
    if _phrase(plain) in by_phrase:
        return by_phrase[_phrase(plain)]
    if parsing == "exact":
        return None
    found = [by_phrase[_phrase(match.group())] for match in _pattern(labels).finditer(plain)]
    if parsing == "contained":
        return found[0] if len(set(found)) == 1 else None
    return found[0] if found else min(labels, key=lambda label: _edit_distance(plain, label.casefold()))


def _phrase(text: str) -> str:
    return " ".join(text.casefold().split())


@lru_cache(maxsize=64)
def _pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    """Finds labels as whole phrases; of those that begin at one place, the longest."""
    phrases = sorted({_phrase(label) for label in labels}, key=len, reverse=True)
    return re.compile("|".join(_bounded(phrase) for phrase in phrases if phrase) or r"(?!)")


def _bounded(phrase: str) -> str:
    words = r"\s+".join(map(re.escape, phrase.split()))
    before = "" if re.match(f"[{_UNSPACED}]", phrase) else r"(?<!\w)"
    after = "" if re.search(f"[{_UNSPACED}]$", phrase) else r"(?!\w)"
    return f"{before}{words}{after}"


def _edit_distance(a: str, b: str) -> int:
    """Insertions, deletions and replacements that turn ``a`` into ``b``."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]
