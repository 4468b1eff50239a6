"""EDOS: short film dialogues whose last turn has one of 32 emotions, nine intents or neutral.

Welivita, Xie and Pu, "A Large-Scale Dataset for Empathetic Response Generation", 2021: the 10,245 dialogues that three
crowd workers labelled, not the million that a classifier did.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.empathetic_dialogues import EMOTION_WORDS
from erckit.corpora.formats.corpus_text import corpus_text
from erckit.corpora.formats.detokenise import detokenise
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.corpora.formats.split_by_words import split_by_words, words_id
from erckit.errors import CorpusError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.source import BadConversationError

INTENTS = (
    "acknowledging", "agreeing", "consoling", "disagreeing", "encouraging", "questioning", "suggesting",
    "sympathizing", "wishing",
)  # fmt: skip
LABEL_SET = LabelSet((*EMOTION_WORDS, *INTENTS, "neutral"), neutral="neutral")
_FILE = "1. MTurk_groundtruth_labels_9K.csv"
_NO_MAJORITY = "-"


def read_edos(path: Path, label_set: LabelSet) -> dict[str, tuple[Conversation, ...]]:
    """Dialogues of the published csv, in file order, in splits by the words of the labelled turn.

    Only the last turn has a label, where two of its three workers agree; their answers are in ``extra["votes"]``.
    Speakers are not published; ``A`` and ``B`` take turns. Texts are detokenised.

    Raises:
        CorpusError: The file does not have that layout.
    """
    splits: dict[str, list[Conversation]] = {split: [] for split in SPLITS}
    seen: Counter[str] = Counter()
    where = str(path)
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(corpus_text(path), newline="")), start=1):
            where = f"{path}: row {number}"
            texts = [text for line in row["Dialog"].split("\n") if (text := detokenise(line))]
            same_words = words_id("edos", texts[-1])
            seen[same_words] += 1
            identifier = same_words if seen[same_words] == 1 else f"{same_words}_{seen[same_words]}"
            meta = {"dialog_id": row["DialogID"]}
            conversation = build_conversation(identifier, _turns(texts, row, identifier), meta, label_set, Counter())
            splits[split_by_words(same_words)].append(conversation)
    except (LookupError, TypeError, AttributeError, csv.Error, BadConversationError) as error:
        raise CorpusError(
            f"{where} is not as published ({type(error).__name__}: {error}). Get the file again."
        ) from None
    return {split: tuple(conversations) for split, conversations in splits.items()}


def _turns(texts: list[str], row: Mapping[str, str], identifier: str) -> list[RawUtterance]:
    # Workers could write a word of their own; three times two of them wrote the same.
    label = row["Agreed emotion (2/3 vote)"].lower().removesuffix(" (other)")
    votes = [row[f"Worker {worker} answer"].lower() for worker in (1, 2, 3)]
    last: dict[str, Any] = {"label": None if label == _NO_MAJORITY else label, "extra": {"votes": votes}}
    return [
        RawUtterance(
            text=text,
            speaker="AB"[place % 2],
            id=f"{identifier}_u{place + 1}",
            **(last if place == len(texts) - 1 else {}),
        )
        for place, text in enumerate(texts)
    ]


# The number of dialogues is published; the splits, which are not, and the labels were counted on the pinned file.
_COUNTS = {
    "train": (8181, 18878, (
        152, 191, 182, 229, 175, 213, 192, 191, 210, 157, 184, 164, 150, 177, 183, 124, 157, 138, 146, 220, 217,
        113, 184, 158, 181, 173, 169, 183, 182, 190, 160, 161, 254, 190, 70, 1, 210, 231, 184, 141, 128, 72,
    )),
    "dev": (1056, 2425, (
        18, 36, 17, 32, 19, 36, 21, 25, 29, 11, 22, 15, 26, 17, 22, 20, 36, 25, 19, 27, 29, 16, 17, 27, 19, 21,
        19, 18, 23, 31, 21, 13, 36, 22, 7, 0, 19, 33, 25, 24, 14, 9,
    )),
    "test": (1008, 2359, (
        18, 23, 23, 25, 20, 25, 22, 25, 38, 21, 25, 29, 18, 16, 28, 14, 19, 51, 15, 42, 18, 12, 13, 17, 23, 24,
        26, 16, 18, 30, 21, 25, 20, 21, 10, 0, 26, 35, 16, 16, 15, 11,
    )),
}  # fmt: skip
_URL = (
    "https://raw.githubusercontent.com/anuradha1992/EDOS/25680d7e6c327a44dbc050198c28cd9dcbcf9000/Data/"
    "Training%20data%20for%20the%20dialogue%20emotion%20classifier/1.%20MTurk_groundtruth_labels_9K.csv"
)
_ROLES = "this conversation only: A and B take turns and are no persons; scored is the last turn, where workers agree"

EDOS = CorpusSource(
    name="edos",
    title="EDOS, film dialogues labelled by crowd workers",
    version="csv @ 25680d7e",
    licence="CC BY 4.0 (the labels; the texts are film subtitles of OpenSubtitles 2018)",
    source="https://github.com/anuradha1992/EDOS",
    label_set=LABEL_SET,
    layouts=(
        Layout("uniform JSONL", {s: f"{s}.jsonl" for s in SPLITS}, read_uniform, has_story=False),
        Layout("published csv", dict.fromkeys(SPLITS, _FILE), parse_all=read_edos, has_story=False),
    ),
    files=(PublishedFile(_FILE, _URL, "fc09da05501c21217425ca7733dff42fdd10ee96cd599abeebfb2f77720eed04"),),
    published={
        split: {
            "conversations": conversations,
            "utterances": utterances,
            "labels": dict(zip(LABEL_SET.labels, labels, strict=True)),
        }
        for split, (conversations, utterances, labels) in _COUNTS.items()
    },
    anonymous_speakers=frozenset({"A", "B"}),
    defects=(
        "splits are not published: these are made of the words of the labelled turn, so that equal turns share a split",
        "1,332 of 10,245 dialogues have no label: their three workers do not agree",
        "454 dialogues repeat another one of their split; 102 of 250 longer texts that occur more than once have "
        "conflicting labels",
        "speakers are not published; A and B take turns by line",
        "sampled for even classes, about three labels in ten do not convince; 'disagreeing' occurs once, in train",
    ),
    metric="macro_f1",
    memory={"dev": (_ROLES, ()), "test": (_ROLES, ())},
    has_unlabelled=True,
)
