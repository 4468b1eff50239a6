"""XED, its English part: single film subtitle lines with one or more of Plutchik's eight emotions, or neutral.

Öhman et al., "XED: A Multilingual Dataset for Sentiment Analysis and Emotion Detection", 2020. A line has no context
here: it is a conversation of one utterance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.formats.corpus_text import corpus_text
from erckit.corpora.formats.detokenise import detokenise
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.corpora.formats.split_by_words import split_by_words, words_id
from erckit.errors import CorpusError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation

_EMOTIONS = ("anger", "anticipation", "disgust", "fear", "joy", "sadness", "surprise", "trust")  # published as 1 to 8
LABEL_SET = LabelSet((*_EMOTIONS, "neutral"), neutral="neutral")
_EMOTIONAL, _NEUTRAL = "en-annotated.tsv", "neu_en.txt"


@dataclass(slots=True)
class _Line:
    """Published lines of the same words: text of the first, labels of all, and how many there are."""

    text: str
    labels: set[str] = field(default_factory=set)
    count: int = 0


def read_xed(path: Path, label_set: LabelSet) -> dict[str, tuple[Conversation, ...]]:
    """Lines of ``en-annotated.tsv`` and, after them, of ``neu_en.txt`` beside it, in splits by their words.

    Lines of the same words are one, with the labels of all; what stands in both files is left out. Texts are
    detokenised and have no commas, because only the emotional file is tokenised and has commas. A line with several
    labels has them in ``extra["labels"]`` and no gold label, because a score needs one answer.

    Raises:
        CorpusError: A file is not there, or a line has another shape.
    """
    emotional = _merged(_emotional_lines(path))
    neutral = _merged(_neutral_lines(path.with_name(_NEUTRAL)))
    splits: dict[str, list[Conversation]] = {split: [] for split in SPLITS}
    for identifier, line in (*emotional.items(), *neutral.items()):
        if identifier not in emotional or identifier not in neutral:
            splits[split_by_words(identifier)].append(_conversation(identifier, line, label_set))
    return {split: tuple(conversations) for split, conversations in splits.items()}


def _emotional_lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Text and labels of ``text TAB number, number`` lines."""
    for number, line in enumerate(corpus_text(path).split("\n"), start=1):
        if line.strip():
            text, _, labels = line.partition("\t")
            yield text, [_label(label.strip(), f"{path}:{number}") for label in labels.split(",")]


def _label(number: str, where: str) -> str:
    if not number.isdecimal() or not 1 <= int(number) <= len(_EMOTIONS):
        raise CorpusError(f"{where}: label '{number:.20}' is not a number from 1 to 8. Get the file again.")
    return _EMOTIONS[int(number) - 1]


def _neutral_lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Text and label of ``9 TAB text`` lines; some end with tabs, one is nothing but tabs."""
    for number, line in enumerate(corpus_text(path).split("\n"), start=1):
        if line.strip():
            mark, _, text = line.partition("\t")
            if mark != "9":
                raise CorpusError(f"{path}:{number}: begins with '{mark:.20}', not with 9. Get the file again.")
            yield text, ["neutral"]


def _merged(lines: Iterator[tuple[str, list[str]]]) -> dict[str, _Line]:
    """Lines by the id of their words, in the order in which these come first."""
    merged: dict[str, _Line] = {}
    for published, labels in lines:
        text = " ".join(detokenise(published).replace(",", " ").split())
        line = merged.setdefault(words_id("xed_en", text), _Line(text))
        line.labels.update(labels)
        line.count += 1
    return merged


def _conversation(identifier: str, line: _Line, label_set: LabelSet) -> Conversation:
    labels = sorted(line.labels)
    extra: dict[str, Any] = {"labels": labels} if len(labels) > 1 else {}
    if line.count > 1:
        extra["lines"] = line.count
    label = labels[0] if len(labels) == 1 else None
    row = RawUtterance(text=line.text, speaker="A", id=f"{identifier}_u1", label=label, extra=extra)
    return build_conversation(identifier, [row], {"lang": "en"}, label_set, Counter())


# Counted on the pinned files: neither splits nor the merging of equal lines are published. Labels are those of lines
# with that label and no other.
_COUNTS = {
    "train": (18513, (1739, 1457, 1080, 1110, 1281, 1131, 1027, 1197, 5812)),
    "dev": (2355, (236, 183, 131, 148, 170, 160, 121, 141, 724)),
    "test": (2362, (214, 157, 143, 166, 162, 152, 125, 154, 735)),
}
_URL = "https://raw.githubusercontent.com/Helsinki-NLP/XED/76666d251f147cf518071bef4f8415dab6b96115/AnnotatedData/"
_MEMORY = "nothing: lines have no known speaker; scored are lines with exactly one label"

XED = CorpusSource(
    name="xed",
    title="XED, English subtitle lines",
    version="tsv @ 76666d25",
    licence="CC BY 4.0 (the labels; the texts are film subtitles of OpenSubtitles)",
    source="https://github.com/Helsinki-NLP/XED",
    label_set=LABEL_SET,
    layouts=(
        Layout("uniform JSONL", {s: f"{s}.jsonl" for s in SPLITS}, read_uniform, has_story=False),
        Layout(
            "published tsv",
            dict.fromkeys(SPLITS, _EMOTIONAL),
            parse_all=read_xed,
            has_story=False,
            companions=(_NEUTRAL,),
        ),
    ),
    files=(
        PublishedFile(
            _EMOTIONAL, _URL + _EMOTIONAL, "26ac0254fbdb8b09cf2b00d44041d9084ece31bd200ae7c0e0662fbd8b037d98"
        ),
        PublishedFile(_NEUTRAL, _URL + _NEUTRAL, "6e8b38af83b80fb64ec1139007973b1f09ec16d48549e82de22423cdba259f08"),
    ),
    published={
        split: {"conversations": size, "utterances": size, "labels": dict(zip(LABEL_SET.labels, labels, strict=True))}
        for split, (size, labels) in _COUNTS.items()
    },
    anonymous_speakers=frozenset({"A"}),
    defects=(
        "splits are not published: these are made of the words of a line, so that equal lines are in one split",
        "1,375 texts stand in the neutral and in the emotional file, about one in seven of the neutral ones; they are "
        "left out",
        "12 % of the emotional lines have [PERSON], [LOCATION] or the like, neutral ones have names: a model can tell "
        "them apart by that",
        "one line in seven has several labels: it has no single gold label and is left out of the score",
        "lines are labelled without their scene; about four emotional labels in ten do not convince without it, and "
        "some neutral lines are clearly not neutral",
    ),
    metric="macro_f1",
    memory={"dev": (_MEMORY, ()), "test": (_MEMORY, ())},
    has_unlabelled=True,
)
