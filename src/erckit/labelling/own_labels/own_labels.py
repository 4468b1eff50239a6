"""Own labels as a system: another one's vectors, scored by something else than its label head."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.labelling.own_labels.adapted_folder import is_adapted
from erckit.labelling.own_labels.scorer import Scoring
from erckit.models.system import About, Ask, Reading

if TYPE_CHECKING:
    from erckit.memory.model_memory import ModelMemory
    from erckit.memory.speaker_store import SpeakerStore


class OwnLabels:
    """A system with another way from its vectors to labels.

    Args:
        base: Gives the vectors.
        scoring: Labels for them.
    """

    def __init__(self, base: Any, scoring: Scoring) -> None:
        base.about.need("vectors")
        self.base, self.scoring = base, scoring
        own, scorer = base.about, scoring.scorer
        is_whole_model = bool(own.folder.parts) and is_adapted(own.folder)
        self.about: About = replace(
            own,
            name=scoring.name,
            label_set=scorer.label_set,
            settings={**own.settings, "scoring": dict(scoring.settings)},
            can=own.can - {"prompts"},
            temperature=scorer.temperature,
            is_calibrated=scorer.temperature is not None,
            selected_on=str(scoring.settings.get("selected_on") or own.selected_on),
            # a folder's manifest tells one training from another; a scorer that is in no folder has its name alone
            model_id=own.model_id if is_whole_model else f"{own.model_id}+{scoring.name}",
            scores=dict(scoring.scores or {}),
            own_labels=dict(scoring.settings),
        )

    def read(self, ask: Ask) -> Reading:
        """What the other system makes of conversations, with logits of these labels."""
        reading: Reading = self.base.read(replace(ask, wants_vectors=True))
        assert reading.vectors is not None
        assert reading.logits is not None
        scored = [self._logits(v, own) for v, own in zip(reading.vectors, reading.logits, strict=True)]
        return replace(reading, logits=scored)

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits before calibration, (R, L), of vectors (R, V)."""
        return self._logits(vectors, self.base.score(vectors))

    def _logits(self, vectors: NDArray[np.float32], own: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.scoring.scorer.logits(vectors, own).astype(np.float32)

    @property
    def pretrained(self) -> Any:
        """The encoder that gives the vectors."""
        return self.base.pretrained

    @property
    def encoding(self) -> Any:
        """What reads utterances of streams."""
        return self.base.encoding

    def memory_of(self, store: SpeakerStore, namespace: str, model_id: str) -> ModelMemory:
        """The speaker memory as the other system reads and writes it, under a name."""
        memory: ModelMemory = self.base.memory_of(store, namespace, model_id)
        return memory
