"""A server with stand-ins for the models. Run as a script it serves: python fake_server.py '{"port": 0, ...}'."""

from __future__ import annotations

import copy
import json
import sys
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.labels import LabelSet
from erckit.memory.remembered import Remembered
from erckit.memory.store.exact_store import ExactStore
from erckit.server.app import create_app
from erckit.server.guards.api_keys import parse_api_keys
from erckit.server.guards.limits import Limits
from erckit.server.settings import ServerSettings

LABELS = ("Joyful", "Mad", "Neutral")


def scores_of(text: str) -> dict[str, float]:
    """Scores that depend on the text alone, through a checksum."""
    best = zlib.crc32(text.encode("utf-8", "surrogatepass")) % len(LABELS)
    return {label: 0.6 if i == best else 0.2 for i, label in enumerate(LABELS)}


class FakeLabeler:
    """Labels by checksum, remembers like the real one, and can be held up or broken from outside."""

    label_set = LabelSet(LABELS, neutral="Neutral")
    temperature = 1.5
    causal = True
    name = "fake"

    def __init__(self, store: Any = None) -> None:
        self.store = store
        self.calls: list[int] = []
        self.threads: set[str] = set()
        self.seconds = 0.0
        self.open = threading.Event()
        self.open.set()

    def label(
        self,
        conversations: Sequence[Conversation],
        *,
        min_confidence: float | None = None,
        history: str | None = None,
        namespace: str | None = None,
        writes_memory: bool = True,
        report: Callable[[int], None] | None = None,
    ) -> list[LabelledConversation]:
        self.open.wait(20)
        time.sleep(self.seconds)
        self.threads.add(threading.current_thread().name)
        self.calls.append(len(conversations))
        if any("explode" in u.text for c in conversations for u in c.utterances):
            raise RuntimeError("cannot read 'explode, says Ana' in /secret/place")
        labelled = [
            LabelledConversation(c, tuple(self._predict(u.id, u.text, min_confidence) for u in c.utterances))
            for c in conversations
        ]
        if self.store is not None and writes_memory:
            self.store.append(
                [
                    Remembered(u.speaker, c.id, u.id, u.start or 0.0, u.text, model="fake", scores=scores_of(u.text))
                    for c in conversations
                    for u in c.utterances
                ],
                namespace=namespace or "default",
            )
        return labelled

    def with_memory(self, memory: None) -> FakeLabeler:
        other = copy.copy(self)
        other.store = memory
        return other

    def logits(
        self, conversations: Sequence[Conversation], *, batch_tokens: int = 4096, report: Any = None
    ) -> list[Any]:
        assert self.store is None, "an explanation must not look into the memory"
        return [np.log([[*scores_of(u.text).values()] for u in c.utterances]) for c in conversations]

    def _predict(self, utterance_id: str, text: str, min_confidence: float | None) -> Prediction:
        scores = scores_of(text)
        sure = min_confidence is None or min_confidence <= 0.6
        label = max(scores, key=scores.__getitem__) if sure else None
        return Prediction(utterance_id, label, scores, True, "" if sure else "confidence 0.60 too low")


class FakePool:
    """Numbers the utterances of each conversation; the score of a text is as in a batch."""

    def __init__(self, labeler: FakeLabeler) -> None:
        self.labeler = labeler
        self.counts: dict[tuple[str | None, str], int] = {}
        self.heard: dict[tuple[str | None, str], set[str]] = {}

    def add(self, utterances: Sequence[Any]) -> list[Prediction]:
        self.labeler.open.wait(20)
        self.labeler.threads.add(threading.current_thread().name)
        predictions = []
        for one in utterances:
            if "explode" in one.text:
                raise RuntimeError("cannot read 'explode, says Ana' in /secret/place")
            place = (one.namespace, one.conversation)
            self.counts[place] = self.counts.get(place, 0) + 1
            self.heard.setdefault(place, set()).add(one.speaker)
            scores = scores_of(one.text)
            best = max(scores, key=scores.__getitem__)
            predictions.append(Prediction(one.id or str(self.counts[place]), best, scores, True))
        return predictions

    def forget(self, speaker: str, namespace: str | None = None) -> int:
        places = [place for place in self.counts if place[0] == namespace and speaker in self.heard[place]]
        for place in places:
            del self.counts[place]
        return len(places)


class Running:
    """A server in this process and what stands behind it."""

    def __init__(self, settings: ServerSettings) -> None:
        self.labelers: dict[str, FakeLabeler] = {}
        self.pools: list[FakePool] = []
        self.app = create_app(settings, self._load, self._open_pool)

    def _load(self, source: str, store: Any) -> FakeLabeler:
        self.labelers[source] = FakeLabeler(store)
        return self.labelers[source]

    def _open_pool(self, labeler: FakeLabeler) -> FakePool:
        self.pools.append(FakePool(labeler))
        return self.pools[-1]

    @property
    def state(self) -> Any:
        return self.app.state.erckit

    @property
    def labeler(self) -> FakeLabeler:
        return next(iter(self.labelers.values()))

    @property
    def store(self) -> ExactStore:
        return self.labeler.store


def main() -> None:
    """Serve with the given settings; a call of the model takes "seconds", and waits until the file "hold" is there."""
    from erckit.server.serve import serve

    values = json.loads(sys.argv[1])
    seconds, keys = values.pop("seconds", 0.0), parse_api_keys(values.pop("keys", ""))
    limits, hold = Limits(**values.pop("limits", {})), values.pop("hold", "")
    settings = ServerSettings(models={"fake": "fake-folder"}, keys=keys, limits=limits, **values)
    running = Running(settings)
    running.labeler.seconds = seconds
    if hold:
        running.labeler.open.clear()
        threading.Thread(target=_open_when_there, args=(running.labeler, Path(hold)), daemon=True).start()
    serve(settings, lambda address: print(address, flush=True), running.app)
    print("stopped", flush=True)


def _open_when_there(labeler: FakeLabeler, path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)
    labeler.open.set()


if __name__ == "__main__":
    main()
