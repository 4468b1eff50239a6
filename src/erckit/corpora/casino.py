"""CaSiNo: two people negotiate over food, water and firewood for a camping trip, in a chat with four emoticons.

Chawla et al., "CaSiNo: A Corpus of Campsite Negotiation Dialogues for Automatic Negotiation Systems", 2021. The
label of a message is the emoticon that its writer put into it, which is taken out of the text.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.formats.corpus_text import corpus_json
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.errors import CorpusError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.source import BadConversationError

LABEL_SET = LabelSet(("anger", "joy", "sadness", "surprise"))
_EMOTICONS = {"\U0001f642": "joy", "\u2639": "sadness", "\U0001f621": "anger", "\U0001f62e": "surprise"}
_EMOTICON = re.compile(f"([{''.join(_EMOTICONS)}])\ufe0f?")
_BUTTONS = ("Submit-Deal", "Accept-Deal", "Reject-Deal", "Walk-Away")
_FILES = {"train": "casino_train.json", "dev": "casino_valid.json", "test": "casino_test.json"}


def read_casino(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Negotiations of a published file.

    Pressed buttons and messages of nothing but emoticons are left out. A message with one kind of emoticon has its
    emotion as label; one with several has no label, and their emotions in ``extra["labels"]``. The text with the
    emoticons is in ``extra["text_published"]``. Runs of spaces become one in every message, with or without.

    Raises:
        CorpusError: The file does not have that layout.
    """
    data = corpus_json(path)
    conversations = []
    name: Any = ""
    try:
        for dialogue in data:
            name = dialogue["dialogue_id"]
            rows = [
                _message(message, f"casino_{name}_{place}")
                for place, message in enumerate(dialogue["chat_logs"])
                if message["text"] not in _BUTTONS and _EMOTICON.sub("", message["text"]).strip()
            ]
            people = dialogue["participant_info"].items()
            meta = {"satisfaction": {person: known["outcomes"]["satisfaction"] for person, known in people}}
            conversations.append(build_conversation(f"casino_{name}", rows, meta, label_set, Counter()))
    except (LookupError, TypeError, AttributeError, BadConversationError) as error:
        raise CorpusError(
            f"{path}: dialogue '{name}' is not as published ({type(error).__name__}: {error}). Get the file again."
        ) from None
    return tuple(conversations)


def _message(message: dict[str, Any], identifier: str) -> RawUtterance:
    text = message["text"]
    emoticons = set(_EMOTICON.findall(text))
    labels = [emotion for emoticon, emotion in _EMOTICONS.items() if emoticon in emoticons]
    extra: dict[str, Any] = {"text_published": text.strip()} if labels else {}
    if len(labels) > 1:
        extra["labels"] = labels
    return RawUtterance(
        text=" ".join(_EMOTICON.sub(" ", text).split()),
        speaker=message["id"],
        id=identifier,
        label=labels[0] if len(labels) == 1 else None,
        extra=extra,
    )


# Conversations are published (README of the corpus); utterances and labels were counted on the pinned files.
_COUNTS = {
    "train": (900, 10405, {"anger": 34, "joy": 1247, "sadness": 213, "surprise": 101}),
    "dev": (30, 337, {"anger": 0, "joy": 34, "sadness": 1, "surprise": 3}),
    "test": (100, 1168, {"anger": 4, "joy": 152, "sadness": 18, "surprise": 13}),
}
_URL = "https://raw.githubusercontent.com/kushalchawla/CaSiNo/2f6ed4a6a55110152a7699fbaa8150d6036314be/data/split/"
_CHECKSUMS = {
    "casino_train.json": "6b953d153fc8c78f27e911c1439b93b9b3519357e3ba825091b2e567845ba3a7",
    "casino_valid.json": "91f2d1f09accedf98667ac081fd5083752738390734e991601b036643da077e0",
    "casino_test.json": "bf6da2d7c105396300d85a65819c04d99304ac9abb8a590ba342fd0c86b4dd12",
}
_ROLES = "this conversation only: mturk_agent_1 and mturk_agent_2 are roles; scored are messages with one emoticon"

CASINO = CorpusSource(
    name="casino",
    title="CaSiNo, emoticons in negotiations",
    version="json @ 2f6ed4a6",
    licence="CC BY 4.0",
    source="https://github.com/kushalchawla/CaSiNo",
    label_set=LABEL_SET,
    layouts=(
        Layout("uniform JSONL", {s: f"{s}.jsonl" for s in SPLITS}, read_uniform, has_story=False),
        Layout("published json", _FILES, read_casino, has_story=False),
    ),
    files=tuple(PublishedFile(name, _URL + name, sha256) for name, sha256 in _CHECKSUMS.items()),
    published={
        split: {"conversations": conversations, "utterances": utterances, "labels": labels}
        for split, (conversations, utterances, labels) in _COUNTS.items()
    },
    anonymous_speakers=frozenset({"mturk_agent_1", "mturk_agent_2"}),
    defects=(
        "labels are the emoticons that writers used: most of joy is politeness, and a message without one is not "
        "neutral but unlabelled",
        "where an emoticon stood before a full stop a space is left: 8 % of the messages that had one, 1 % of the "
        "others have such a space",
        "dev is tiny: 38 messages with one label, none of anger and one of sadness; test has 4 of anger",
    ),
    metric="macro_f1",
    memory={"dev": (_ROLES, ()), "test": (_ROLES, ())},
    has_unlabelled=True,
)
