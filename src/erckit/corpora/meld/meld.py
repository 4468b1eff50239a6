"""MELD: conversations of Friends in seven emotions; splits are by conversation, so episodes are shared by all.

Poria et al., "MELD: A Multimodal Multi-Party Dataset for Emotion Recognition in Conversations", 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.corpora.meld.meld_counts import MELD_COUNTS
from erckit.corpora.meld.meld_speakers import MELD_ANONYMOUS_SPEAKERS
from erckit.corpora.meld.read_meld_csv import read_meld_csv
from erckit.labels import LabelSet

_COMMIT = "2d2011b409d3ca2d7e94460cd007d434b1d0a102"
_CHECKSUMS = {
    "train": "d2fa2d6529cf03cac2989efec05c9b27d8fd2f4c8fc5974c7ae88aa537fa02db",
    "dev": "2e89c6f8aa182d6f62f8c6331aece905ac7273ca4999660bfb5213e1d0370c1c",
    "test": "8d37103938f7067600839fe29d5a114a6cd1bcdafb75bec101e06464c5006888",
}


def in_story(conversations: Sequence[Conversation]) -> tuple[Conversation, ...]:
    """Conversations with ``meta["story"] = [season, episode, start in seconds, dialogue number]``.

    Dialogue numbers are shuffled over the episodes and begin anew in every split, so within an episode the start time
    of the first utterance decides.
    """
    placed = []
    for conversation in conversations:
        meta = conversation.meta
        season, episode = meta.get("season"), meta.get("episode")
        if season is not None and episode is not None:
            start = conversation.utterances[0].start
            story = [season, episode, 0.0 if start is None else start, meta.get("dialogue_id", 0)]
            conversation = replace(conversation, meta={**meta, "story": story})
        placed.append(conversation)
    return tuple(placed)


def _uniform(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    return in_story(read_uniform(path, label_set))


def _csv(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    return in_story(read_meld_csv(path, label_set))


def _name(split: str) -> str:
    return f"{split}_sent_emo.csv"


MELD = CorpusSource(
    name="meld",
    title="MELD, emotions",
    version="csv @ 2d2011b4",
    licence="GPL-3.0",
    source="https://github.com/declare-lab/MELD",
    label_set=LabelSet(("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"), neutral="neutral"),
    layouts=(
        Layout("uniform JSONL", {split: f"{split}.jsonl" for split in SPLITS}, _uniform),
        Layout("published csv", {split: _name(split) for split in SPLITS}, _csv),
    ),
    files=tuple(
        PublishedFile(
            _name(split),
            f"https://raw.githubusercontent.com/declare-lab/MELD/{_COMMIT}/data/MELD/{_name(split)}",
            _CHECKSUMS[split],
        )
        for split in SPLITS
    ),
    published=MELD_COUNTS,
    anonymous_speakers=MELD_ANONYMOUS_SPEAKERS,
    defects=(
        "splits are by conversation: nearly every dev and test episode also occurs in train",
        "dialogue 60 is missing from train (1,038 conversations; its README says 1,039)",
        "utterances that could not be aligned with the video are missing: utterance numbers have gaps",
        "train dialogues 134 and 391 are the same",
        "test dialogue 63 is train dialogue 19; test dialogues 84 and 85 share lines with train dialogue 12",
        "start times run backwards in places",
    ),
    memory={
        "dev": ("train, and dev earlier in the story", ("train",)),
        "test": ("train, and test earlier in the story", ("train",)),
    },
    partial=True,
)
