"""GoEmotions: single Reddit comments with one or more of 27 emotions or neutral.

Demszky et al., "GoEmotions: A Dataset of Fine-Grained Emotions", 2020. Comments on which at least two
raters agree. A comment has no context here: it is a conversation of one utterance.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.formats.corpus_text import corpus_text
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.errors import CorpusError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import UNKNOWN_SPEAKER, RawUtterance, build_conversation

# In the order of the published emotions.txt: the files name labels by their position in it.
LABEL_SET = LabelSet(
    (
        "admiration", "amusement", "anger", "annoyance", "approval", "caring", "confusion", "curiosity", "desire",
        "disappointment", "disapproval", "disgust", "embarrassment", "excitement", "fear", "gratitude", "grief", "joy",
        "love", "nervousness", "optimism", "pride", "realization", "relief", "remorse", "sadness", "surprise",
        "neutral",
    ),
    neutral="neutral",
)  # fmt: skip


def read_goemotions(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Comments of a published ``text TAB label ids TAB comment id`` file, each a conversation of one utterance.

    Every comment has the names of all its labels in ``extra["labels"]``. One with a single label has it as
    its gold label; one with several has none, because a score needs one answer. A mapping that sends all
    of them to the same label gives it that one.

    Raises:
        CorpusError: A line of another shape, or a label id that does not exist.
    """
    conversations = []
    for number, line in enumerate(corpus_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 3:
            raise CorpusError(
                f"{path}:{number}: has {len(cells)} cells, not text, label ids and comment id. Get the file again."
            )
        labels = [_label(cell, label_set, f"{path}:{number}") for cell in cells[1].split(",")]
        row = RawUtterance(
            text=cells[0],
            speaker=UNKNOWN_SPEAKER,
            id=cells[2],
            label=labels[0] if len(labels) == 1 else None,
            extra={"labels": labels},
        )
        conversations.append(build_conversation(cells[2], [row], {}, label_set, Counter()))
    return tuple(conversations)


def _label(cell: str, label_set: LabelSet, where: str) -> str:
    # isdecimal is true of digits of every script; int() reads them all, but no other sign.
    if not cell.strip().isdecimal() or int(cell) >= len(label_set):
        raise CorpusError(
            f"{where}: label id '{cell:.20}' is not a number from 0 to {len(label_set) - 1}. Get the file again."
        )
    return label_set.labels[int(cell)]


# Conversations and utterances are published (README of the corpus). The label counts were made on the
# pinned files: comments with that label and no other.
_COUNTS = {
    "train": (43410, (
        2710, 1652, 1025, 1451, 1873, 649, 858, 1389, 389, 709, 1402, 498, 203, 510, 430, 1857, 39, 853, 1427, 85,
        861, 51, 586, 88, 353, 817, 720, 12823,
    )),
    "dev": (5426, (
        326, 208, 109, 164, 258, 96, 102, 164, 52, 91, 212, 61, 20, 52, 58, 261, 6, 106, 173, 8, 119, 9, 74, 8, 40, 84,
        95, 1592,
    )),
    "test": (5427, (
        348, 186, 131, 194, 236, 86, 97, 176, 56, 88, 195, 76, 23, 57, 65, 260, 2, 93, 160, 12, 107, 7, 89, 7, 44, 102,
        87, 1606,
    )),
}  # fmt: skip

_URL = "https://raw.githubusercontent.com/google-research/google-research/{}/goemotions/data/{}.tsv"

GOEMOTIONS = CorpusSource(
    name="goemotions",
    title="GoEmotions, single comments",
    version="tsv @ 2adf640a",
    licence="CC BY 4.0",
    source="https://github.com/google-research/google-research/tree/master/goemotions",
    label_set=LABEL_SET,
    layouts=(
        Layout("published tsv", {s: f"{s}.tsv" for s in SPLITS}, read_goemotions, has_story=False),
        Layout("uniform JSONL", {s: f"{s}.jsonl" for s in SPLITS}, read_uniform, has_story=False),
    ),
    files=tuple(
        PublishedFile(f"{split}.tsv", _URL.format(commit, split), sha256)
        for split, commit, sha256 in (
            (
                "train",
                "2adf640a14f11025ae5a9d0ec493b78530d276d3",
                "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
            ),
            (
                "dev",
                "2adf640a14f11025ae5a9d0ec493b78530d276d3",
                "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
            ),
            (
                "test",
                "b91598b43297db06cca27a29fe2d0442dffea029",
                "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
            ),
        )
    ),
    published={
        split: {"conversations": size, "utterances": size, "labels": dict(zip(LABEL_SET.labels, labels, strict=True))}
        for split, (size, labels) in _COUNTS.items()
    },
    anonymous_speakers=frozenset({UNKNOWN_SPEAKER}),
    defects=(
        "one comment in six has several labels (7,102 of 43,410 in train, 878 in dev, 837 in test): these have no "
        "single gold label and are left out of the score",
        "comments stand alone: who wrote them and what they answer is not in these files",
        "grief, pride, relief and nervousness have fewer than 13 single-label comments each in dev and in test",
    ),
    metric="macro_f1",
    memory={
        "dev": ("nothing: comments have no known author; scored are comments with exactly one label", ()),
        "test": ("nothing: comments have no known author; scored are comments with exactly one label", ()),
    },
    has_unlabelled=True,
)
