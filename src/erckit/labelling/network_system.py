"""A trained network as a system: conversations in, logits, vectors and memory vectors out."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from erckit.encoding.precision import resolve_precision
from erckit.encoding.vectors.vector_cache import cached_texts
from erckit.labelling.labeler_memory import LabelerMemory
from erckit.memory.history import history_windows
from erckit.model_folder.network_folder import PretrainedModel
from erckit.models.system import About, Ask, Reading
from erckit.networks.inference import predict_logits, predict_vectors, score_vectors
from erckit.networks.preparation import with_known_vectors
from erckit.storage.manifest import MANIFEST_NAME, file_sha256

if TYPE_CHECKING:
    from erckit.labelling.stream.stream_encoding import StreamEncoding
    from erckit.memory.speaker_store import SpeakerStore


class NetworkSystem:
    """A trained network with all that belongs to it.

    Labels do not depend on how conversations are batched or ordered, up to float rounding: 1e-5 of a score in fp32,
    about 1e-2 in bf16.

    Args:
        pretrained: The model and what belongs to it.
        folder: Where it was read from.
        precision: ``fp32``, ``bf16`` or ``auto`` (bf16 where this machine multiplies it natively).
        device: Torch device; None takes a GPU if there is one.
        keeps_vectors: Keep what a frozen backbone makes of each text in the cache folder, so that it is read once
            only: for public corpora, not for anybody's own conversations.
    """

    def __init__(
        self,
        pretrained: PretrainedModel,
        folder: Path,
        precision: str = "auto",
        device: str | None = None,
        keeps_vectors: bool = False,
    ) -> None:
        place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.pretrained, self.folder = pretrained, folder
        self.precision = resolve_precision(precision, place)
        self._keeps_vectors = keeps_vectors
        pretrained.model.to(place).eval()

    @cached_property
    def about(self) -> About:
        """What it says of itself."""
        parts = self.pretrained
        parameters = list(parts.model.parameters())
        return About(
            name=parts.name,
            label_set=parts.label_set,
            settings=dict(parts.recipe),
            can=frozenset({"scores", "logits", "vectors", "label head", "encoder", "stream", "memory"}),
            refusal=f"model '{parts.name}' is a network: it {{why}}.",
            is_causal=parts.is_causal,
            temperature=parts.temperature,
            is_calibrated=parts.temperature is not None,
            history_scope=parts.settings.history.scope,
            max_utterance_tokens=parts.settings.max_utterance_tokens,
            folder=self.folder,
            model_id=f"{parts.name}@{file_sha256(self.folder / MANIFEST_NAME)[:16]}",
            precision=self.precision,
            parameters=sum(p.numel() for p in parameters),
            trained_parameters=sum(p.numel() for p in parameters if p.requires_grad),
            scores=dict(parts.scores or {}),
            backbone=parts.settings.backbone,
            backbone_folder=parts.backbone_folder,
        )

    def read(self, ask: Ask) -> Reading:
        """Logits; vectors where they are asked for; and memory vectors where there is a memory."""
        if not ask.conversations:
            return Reading(logits=[], vectors=[], memory_vectors=[], known={})
        parts, memory, cached = self.pretrained, ask.memory, cached_texts()
        everything = [*(ask.remember if ask.history == "all" else ()), *ask.conversations]
        prepared = with_known_vectors(
            parts.model,
            parts.preparation,
            parts.preparation.prepare(everything, ask.history if ask.history != "all" else None),
            everything,
            parts.backbone_folder,
            precision=self.precision,
            checksum=parts.backbone_sha256,
            keep=self._keeps_vectors,
        )
        cached = cached_texts() - cached
        targets = range(len(everything) - len(ask.conversations), len(everything))
        tokens = sum(prepared.tokenized[c].tokens for c in targets)
        truncated = sum(prepared.tokenized[c].truncated for c in targets)
        read = (parts.model, parts.preparation, prepared, targets)
        how: dict[str, Any] = {
            "precision": self.precision, "batch_tokens": ask.batch_tokens, "advance": ask.report,
        }  # fmt: skip
        if memory is None and not ask.wants_vectors:
            logits = predict_logits(*read, **how)
            return Reading(ask.split(logits), tokens=tokens, truncated=truncated, cached=cached)
        windows, outside, known = None, None, {}
        if memory is not None:
            assert isinstance(memory, LabelerMemory)
            known = memory.known([c.id for c in everything])
            if memory.is_read and ask.history == "all":
                own = parts.settings.history
                outside, places = memory.recall(everything, own.window, known)
                first = prepared.utterances
                windows = history_windows(
                    everything,
                    order=own.order,
                    window=own.window,
                    anonymous=memory.anonymous,
                    remembered=[
                        {name: range(rows.start + first, rows.stop + first) for name, rows in of_one.items()}
                        for of_one in places
                    ],
                )
        vectors, remembered = predict_vectors(*read, windows=windows, outside=outside, **how)
        return Reading(
            ask.split(self.score(vectors)),
            vectors=ask.split(vectors),
            memory_vectors=ask.split(remembered),
            known=known,
            tokens=tokens,
            truncated=truncated,
            cached=cached,
        )

    def score(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Logits before calibration, (R, L), of vectors (R, V)."""
        return score_vectors(self.pretrained.model, vectors)

    @cached_property
    def encoding(self) -> StreamEncoding:
        """What reads utterances of streams; made once.

        Raises:
            SettingError: The model reads later utterances.
        """
        from erckit.labelling.stream.stream_encoding import StreamEncoding

        return StreamEncoding(self.pretrained, self.precision)

    def memory_of(self, store: SpeakerStore, namespace: str, model_id: str) -> LabelerMemory:
        """The speaker memory as this model reads and writes it, under a name."""
        parts = self.pretrained
        history = parts.settings.history
        return LabelerMemory(
            store,
            namespace,
            model_id,
            parts.registry.anonymous,
            order=history.order,
            width=parts.model.memory_width,
            is_read=history.scope == "all",
        )
