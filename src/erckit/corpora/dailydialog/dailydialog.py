"""DailyDialog: written everyday conversations of two speakers, one of six emotions or none on each utterance.

Li et al., "DailyDialog: A Manually Labelled Multi-turn Dialogue Dataset", 2017.
"""

from __future__ import annotations

from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.dailydialog.dailydialog_counts import DAILYDIALOG_COUNTS
from erckit.corpora.dailydialog.read_dailydialog_zip import read_dailydialog_zip
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.labels import LabelSet

_URL = (
    "https://raw.githubusercontent.com/Ls-Dai/Deep-Reinforcement-Learning-for-Dialogue-Generation-in-PyTorch/"
    "bae51b16e3e8c0ce4ffd70b75ecfc40fbeb8e7ee/data/"
)
_ZIPS = {"train": "train.zip", "dev": "validation.zip", "test": "test.zip"}
_CHECKSUMS = {
    "train.zip": "6191257f8250da0e045bfd1d017645e15b2358df975ec4c5c431a5a1f99662a4",
    "validation.zip": "f068cf7526a56ab5f26e99b74ce9edbc2766f7b060a3c6cef035920b0dd28153",
    "test.zip": "5f9526a5ce4b8af4ca237aa3ff38cbf03becbc596c70b0974d7f5f9af2ea0615",
}
_TOPIC_FILES = (
    *(f"topics_{name}" for name in ("train.txt", "validation.txt", "test.txt")),
    "dialogues_text.txt",
    "dialogues_topic.txt",
)
_ROLES = "this conversation only: A and B are roles, not persons"

DAILYDIALOG = CorpusSource(
    name="dailydialog",
    title="DailyDialog, emotions",
    version="official zips @ bae51b16",
    licence="CC BY-NC-SA 4.0",
    source="http://yanran.li/dailydialog",
    label_set=LabelSet(
        ("anger", "disgust", "fear", "happiness", "no emotion", "sadness", "surprise"), neutral="no emotion"
    ),
    layouts=(
        Layout("uniform JSONL", {split: f"{split}.jsonl" for split in SPLITS}, read_uniform, has_story=False),
        Layout("published zips", _ZIPS, read_dailydialog_zip, has_story=False, companions=_TOPIC_FILES),
    ),
    files=tuple(PublishedFile(name, _URL + name, sha256) for name, sha256 in _CHECKSUMS.items()),
    published=DAILYDIALOG_COUNTS,
    anonymous_speakers=frozenset({"A", "B"}),
    defects=(
        "149 of 1,000 test and 122 of 1,000 dev conversations are verbatim in train, 11 are in both dev and test; "
        "score 'test-dedup', too",
        "copies of a conversation were labelled apart: on the 149, train and test labels agree on 83.0 % of the "
        "utterances (micro F1 without neutral 57.0)",
        "train conversation 7851 has 12 texts but 11 labels; the fifth and sixth are one turn and are joined",
        "dev has few emotions: 3 utterances of disgust, 11 of fear, 88.1 % without emotion",
        "speakers are not published; A and B take turns",
    ),
    metric="micro_f1_no_neutral",
    memory={"dev": (_ROLES, ()), "test": (_ROLES, ())},
    partial=True,
)
