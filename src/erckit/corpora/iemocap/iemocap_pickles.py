"""The two pickles in which IEMOCAP's texts and labels go round: COSMIC's and DialogueRNN's."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsIndex

from erckit.conversation import Conversation
from erckit.corpora.iemocap.read_plain_pickle import read_plain_pickle
from erckit.errors import CorpusError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.source import BadConversationError

HELD_OUT = 0.1
_SEED = 0
_SESSION = re.compile(r"(Ses\d\d)")

Splits = Mapping[str, tuple[Conversation, ...]]


def read_cosmic_pickle(path: Path, label_set: LabelSet) -> Splits:
    """Splits of a list of six: speakers, labels and texts by conversation, then train, test and dev ids.

    Raises:
        CorpusError: A pickle of another content, or one that is not plain.
    """
    data = _parts(path, 6, "COSMIC")
    speakers, labels, texts, train, test, dev = data
    ids = {"train": train, "dev": dev, "test": test}
    return _splits(path, ids, speakers, labels, texts, {}, label_set)


def read_dialoguernn_pickle(path: Path, label_set: LabelSet) -> Splits:
    """Splits of a tuple of nine: ids, speakers, labels, three kinds of features, texts, train and test ids.

    It has no dev: a tenth of the train conversations is held out, chosen by a fixed seed. The features
    are not read on.

    Raises:
        CorpusError: A pickle of another content, or one that is not plain.
    """
    data = _parts(path, 9, "DialogueRNN")
    utterance_ids, speakers, labels, texts, train, test = (*data[:3], *data[6:])
    # The ids are a set, whose order differs from run to run.
    train = sorted(map(str, _collection(path, train)))
    dev = set(random.Random(_SEED).sample(train, round(HELD_OUT * len(train))))
    ids = {
        "train": [identifier for identifier in train if identifier not in dev],
        "dev": [identifier for identifier in train if identifier in dev],
        "test": sorted(map(str, _collection(path, test))),
    }
    return _splits(path, ids, speakers, labels, texts, utterance_ids, label_set)


def _parts(path: Path, number: int, name: str) -> Sequence[Any]:
    data = read_plain_pickle(path)
    if not isinstance(data, list | tuple) or len(data) != number:
        what = f"{type(data).__name__} of {len(data)}" if hasattr(data, "__len__") else type(data).__name__
        raise CorpusError(f"{path}: holds a {what}, not the {number} parts of the {name} layout. Get the file again.")
    return data


def _collection(path: Path, value: Any) -> Iterable[Any]:
    if not isinstance(value, list | tuple | set | frozenset):
        raise CorpusError(f"{path}: conversation ids are a {type(value).__name__}, not a list. Get the file again.")
    return value


def _splits(
    path: Path,
    ids: Mapping[str, Any],
    speakers: Any,
    labels: Any,
    texts: Any,
    utterance_ids: Any,
    label_set: LabelSet,
) -> Splits:
    for part in (speakers, labels, texts, utterance_ids):
        if not isinstance(part, dict):
            raise CorpusError(f"{path}: a part is a {type(part).__name__}, not a dict by conversation. Get it again.")
    splits = {}
    for split, names in ids.items():
        conversations = []
        for name in _collection(path, names):
            said_by, gold, said = parts = [part.get(name) for part in (speakers, labels, texts)]
            own_ids = utterance_ids.get(name)
            if any(part is None or len(part) != len(parts[0]) for part in [*parts, own_ids or parts[0]]):
                raise CorpusError(
                    f"{path}: conversation '{name}' has not as many speakers as labels and texts. Get the file again."
                )
            try:
                conversations.append(_conversation(str(name), own_ids, said_by, gold, said, label_set))
            except BadConversationError as error:
                raise CorpusError(f"{path}: conversation '{name}': {error}. Get the file again.") from None
        splits[split] = tuple(conversations)
    return splits


def _conversation(
    name: str, ids: Any, speakers: Sequence[Any], labels: Sequence[Any], texts: Sequence[Any], label_set: LabelSet
) -> Conversation:
    session = _SESSION.match(name)
    rows = []
    for place, (speaker, label, text) in enumerate(zip(speakers, labels, texts, strict=True)):
        # A boolean or a text would pass as a number, too.
        if isinstance(label, bool | str) or not isinstance(label, SupportsIndex):
            raise BadConversationError(f"utterance {place + 1} has {label!r:.20} as its label number")
        number = int(label)
        if not 0 <= number < len(label_set):
            raise BadConversationError(f"utterance {place + 1} has the label number {number}; known are 0 to 5")
        rows.append(
            RawUtterance(
                # Two actors a session: session and gender are a person.
                text=str(text),
                speaker=f"{session[1] if session else ''}{speaker}",
                id=None if ids is None else str(ids[place]),
                label=label_set.labels[number],
            )
        )
    return build_conversation(name, rows, {}, label_set, Counter())
