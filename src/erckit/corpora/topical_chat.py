"""Topical-Chat: two people chat about given facts, and say of each own message in which of eight moods it was written.

Gopalakrishnan et al., "Topical-Chat: Towards Knowledge-Grounded Open-Domain Conversations", 2019.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.formats.corpus_text import corpus_json
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.errors import CorpusError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.source import BadConversationError

LABEL_SET = LabelSet(
    ("angry", "curious to dive deeper", "disgusted", "fearful", "happy", "neutral", "sad", "surprised"),
    neutral="neutral",
)
_FILES = {"train": "train.json", "dev": "valid_freq.json", "test": "test_freq.json"}
# Dev and test are published in two parts: what is talked about is frequent, or rare, in train.
_RARE = {"valid_freq.json": "valid_rare.json", "test_freq.json": "test_rare.json"}


def read_topical_chat(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Conversations of a published file and, after them, of its part with the rare topics; ``meta["part"]`` says which.

    Raises:
        CorpusError: A file is not there or does not have that layout.
    """
    parts = [path] if path.name not in _RARE else [path, path.with_name(_RARE[path.name])]
    return tuple(one for part in parts for one in _read_part(part, label_set))


def _read_part(path: Path, label_set: LabelSet) -> list[Conversation]:
    data = corpus_json(path)
    conversations = []
    name = ""
    try:
        for name, conversation in data.items():
            # The parts of a conversation's id that tell it from all others: t_12345678-...-90ab gives 1234567890ab.
            short = name.removeprefix("t_")[:8] + name[-4:]
            rows = [
                RawUtterance(
                    text=message["message"],
                    speaker=message["agent"],
                    id=f"{short}_{place}",
                    label=message["sentiment"].strip().lower(),
                )
                for place, message in enumerate(conversation["content"])
            ]
            meta = {"part": path.stem, "config": conversation["config"]}
            conversations.append(build_conversation(name, rows, meta, label_set, Counter()))
    except (LookupError, TypeError, AttributeError, BadConversationError) as error:
        raise CorpusError(
            f"{path}: conversation '{name}' is not as published ({type(error).__name__}: {error}). Get the file again."
        ) from None
    return conversations


# Conversations and utterances are published (README of the corpus); labels were counted on the pinned files.
_DEV = {
    "angry": 152, "curious to dive deeper": 9863, "disgusted": 215, "fearful": 80, "happy": 3570, "neutral": 5067,
    "sad": 306, "surprised": 4120,
}  # fmt: skip
_TEST = {
    "angry": 105, "curious to dive deeper": 10411, "disgusted": 200, "fearful": 68, "happy": 3658, "neutral": 5362,
    "sad": 231, "surprised": 3495,
}  # fmt: skip
_URL = "https://raw.githubusercontent.com/alexa/Topical-Chat/7c939229cbcf6f55f6977b341a5a2f2fe982d53f/conversations/{}.json"
_ROLES = "this conversation only: agent_1 and agent_2 are roles, not persons"

TOPICAL_CHAT = CorpusSource(
    name="topical_chat",
    title="Topical-Chat, the sentiment of each message",
    version="json @ 7c939229",
    licence="CDLA-Sharing-1.0",
    source="https://github.com/alexa/Topical-Chat",
    label_set=LABEL_SET,
    layouts=(
        Layout("uniform JSONL", {s: f"{s}.jsonl" for s in SPLITS}, read_uniform, has_story=False),
        Layout("published json", _FILES, read_topical_chat, has_story=False, companions=tuple(_RARE.values())),
    ),
    files=tuple(
        PublishedFile(f"{name}.json", _URL.format(name), sha256)
        for name, sha256 in (
            ("valid_freq", "d14e8bde94fa5556d4aad8fd3fb666df674e4fef8b4193c8c3c06c72822a366b"),
            ("valid_rare", "b0f3c59584ea4ed61e368dc94feade6ba499a207a6437573b028d1f3ff918714"),
            ("test_freq", "3c65693d59e40a1fb58ead35dcfe85fbcc88ea93a4d74557df620996f72c8f08"),
            ("test_rare", "4f21a18be16e310840280678e7bb4646852573b239b69183ddf8898f40119567"),
        )
    ),
    published={
        "train": {"conversations": 8628, "utterances": 188378},
        "dev": {"conversations": 1078, "utterances": 23373, "labels": _DEV},
        "test": {"conversations": 1078, "utterances": 23530, "labels": _TEST},
    },
    anonymous_speakers=frozenset({"agent_1", "agent_2"}),
    defects=(
        "the writer's own choice out of eight, and 43 % are the form's 'curious to dive deeper', which is hardly an "
        "emotion",
        "angry, disgusted, fearful and sad are 2.9 % of the messages and mostly about a topic, not felt",
        "the same facts are told in many conversations of dev and of test",
        "the train split (train.json) was not at hand when the counts were made and is not downloaded; it is read "
        "where it is there",
    ),
    metric="weighted_f1",
    memory={"dev": (_ROLES, ()), "test": (_ROLES, ())},
    partial=True,
)
