"""IEMOCAP: acted conversations of two, ten actors in five sessions; six emotions, session 5 for test.

Busso et al., "IEMOCAP: Interactive emotional dyadic motion capture database", 2008. The licence is given
to single users: erckit reads a user's own copy and fetches none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout
from erckit.corpora.iemocap.iemocap_pickles import HELD_OUT, read_cosmic_pickle, read_dialoguernn_pickle
from erckit.corpora.iemocap.iemocap_text import ROLES, read_compm_text, read_spcl_json
from erckit.labels import LabelSet
from erckit.readers.build_conversation import UNKNOWN_SPEAKER

# The order of the label numbers in both pickles.
LABEL_SET = LabelSet(("happy", "sad", "neutral", "angry", "excited", "frustrated"), neutral="neutral")


def _counts(
    conversations: tuple[int, ...], utterances: tuple[int | None, ...], labelled: tuple[int | None, ...] | None = None
) -> dict[str, dict[str, Any]]:
    counts: dict[str, dict[str, Any]] = {}
    for split, number, size, gold in zip(SPLITS, conversations, utterances, labelled or utterances, strict=True):
        counts[split] = {"conversations": number}
        if size is not None:
            counts[split] |= {"utterances": size, "labelled": gold}
    return counts


def _with_happy(counts: dict[str, dict[str, Any]], happy: int) -> Mapping[str, Mapping[str, Any]]:
    return counts | {"test": {**counts["test"], "labels": {"happy": happy}}}


# The layouts differ: which conversations are dev, and one test utterance. Utterances of the JSON include
# those without a label; how many of the pickle without dev are train depends on what is held out.
_COSMIC_COUNTS = _with_happy(_counts((108, 12, 31), (5163, 647, 1623)), 144)
_DIALOGUERNN_COUNTS = _with_happy(_counts((108, 12, 31), (None, None, 1623)), 144)
_SPCL_COUNTS = _with_happy(_counts((100, 20, 31), (6490, 1401, 2196), (4778, 980, 1622)), 143)


def _in_one_file(name: str) -> dict[str, str]:
    return dict.fromkeys(SPLITS, name)


_HELD_OUT = f"dev = {HELD_OUT:.0%} of the train conversations, held out with seed 0"

IEMOCAP = CorpusSource(
    name="iemocap",
    title="IEMOCAP, 6 emotions (your own copy)",
    version="session 5 for test",
    licence="IEMOCAP licence of the University of Southern California, given on request",
    source="https://sail.usc.edu/iemocap/",
    label_set=LABEL_SET,
    layouts=(
        Layout(
            "COSMIC pickle",
            _in_one_file("iemocap.pkl"),
            parse_all=read_cosmic_pickle,
            published=_COSMIC_COUNTS,
            has_story=False,
        ),
        *(
            Layout(
                f"DialogueRNN pickle, {_HELD_OUT}",
                _in_one_file(name),
                parse_all=read_dialoguernn_pickle,
                published=_DIALOGUERNN_COUNTS,
                has_story=False,
            )
            for name in ("IEMOCAP_features.pkl", "IEMOCAP_features_raw.pkl")
        ),
        Layout(
            "CoMPM text",
            {split: f"iemocap_{split}.txt" for split in SPLITS},
            read_compm_text,
            published=_COSMIC_COUNTS,
            has_story=False,
        ),
        Layout(
            "SPCL and DAG-ERC JSON",
            {split: f"{split}_data.json" for split in SPLITS},
            read_spcl_json,
            published=_SPCL_COUNTS,
            has_story=False,
        ),
    ),
    files=(),
    published={},
    # M, F, A and B are what the layouts without conversation ids leave of the ten actors.
    anonymous_speakers=frozenset({*ROLES, UNKNOWN_SPEAKER}),
    defects=(
        "the layouts differ in what is dev and in one test utterance (1,623 or 1,622), and only the JSON layout keeps "
        "the utterances without one of the six labels; scores of two layouts are not comparable",
        "the two actors of session 5 (test) do not occur in train",
        "the text and JSON layouts do not say which actors speak: M and F are roles there",
    ),
    memory={
        "dev": ("train, and dev earlier in the file", ("train",)),
        "test": ("test earlier in the file; its actors do not occur in train", ("train",)),
    },
    has_unlabelled=True,
    manual=(
        "its licence is given to single users. Ask for it at https://sail.usc.edu/iemocap/iemocap_release.htm, then "
        "name the folder of your copy with --from"
    ),
)
