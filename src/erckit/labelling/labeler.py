"""The labeler: conversations in, a score for every label of every utterance out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.errors import SettingError
from erckit.labelling.adapted_folder import is_adapted, load_adapted
from erckit.labelling.find_model import DEFAULT_MODEL, find_model
from erckit.labelling.scorer import Scoring
from erckit.labels import LabelSet
from erckit.models.inference import predict_logits, predict_vectors, resolve_precision, score_vectors
from erckit.models.known_vectors import with_known_vectors
from erckit.models.pretrained import PretrainedModel, load_pretrained
from erckit.readers import read_conversations
from erckit.settings import choose

HISTORIES = ("conversation", "all")


class Labeler:
    """A trained model that labels conversations.

    Labels do not depend on how conversations are batched or ordered, up to float rounding: 1e-5 of a score in fp32,
    about 1e-2 in bf16.

    Args:
        pretrained: The model and what belongs to it.
        folder: Where it was read from.
        precision: ``fp32``, ``bf16`` or ``auto`` (bf16 where this machine multiplies it natively).
        device: Torch device; None takes a GPU if there is one.
        scoring: Labels from the model's vectors by something else than its label head; None takes the head.
        keeps_vectors: Keep what a frozen backbone makes of each text in the cache folder, so that it is read once
            only: for public corpora, not for anybody's own conversations.
    """

    def __init__(
        self,
        pretrained: PretrainedModel,
        folder: Path,
        precision: str = "auto",
        device: str | None = None,
        scoring: Scoring | None = None,
        keeps_vectors: bool = False,
    ) -> None:
        import torch

        place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self._pretrained = pretrained
        self._precision = resolve_precision(precision, place)
        self._pretrained.model.to(place).eval()
        self._scoring = scoring
        self._keeps_vectors = keeps_vectors
        self.folder = folder
        self.tokens_processed = 0
        self.truncated = 0

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path = DEFAULT_MODEL,
        precision: str = "auto",
        device: str | None = None,
        keeps_vectors: bool = False,
    ) -> Labeler:
        """Load a bundled model by name, a model folder, or a model on the Hugging Face hub.

        Raises:
            ModelFolderError: No such model, or a folder that is incomplete, altered or of another version.
            BackboneError: Its backbone cannot be had.
        """
        folder = find_model(name)
        if is_adapted(folder):
            pretrained, scoring = load_adapted(folder)
            return cls(pretrained, folder, precision, device, scoring, keeps_vectors)
        return cls(load_pretrained(folder), folder, precision, device, None, keeps_vectors)

    def with_scoring(self, scoring: Scoring | None) -> Labeler:
        """The same network with another way from its vectors to labels; None takes its label head."""
        device = str(next(self._pretrained.model.parameters()).device)
        return Labeler(self._pretrained, self.folder, self._precision, device, scoring, self._keeps_vectors)

    @property
    def pretrained(self) -> PretrainedModel:
        """The model and what belongs to it."""
        return self._pretrained

    @property
    def scoring(self) -> Scoring | None:
        """How labels come from the vectors; None where it is the model's label head."""
        return self._scoring

    @property
    def label_set(self) -> LabelSet:
        """Labels it scores."""
        return self._pretrained.label_set if self._scoring is None else self._scoring.scorer.label_set

    @property
    def temperature(self) -> float | None:
        """What logits are divided by, fitted on held-out data; None when scores are not calibrated."""
        return self._pretrained.temperature if self._scoring is None else self._scoring.scorer.temperature

    @property
    def causal(self) -> bool:
        """Whether no label depends on a later utterance."""
        return self._pretrained.settings.is_causal

    @property
    def name(self) -> str:
        """The model's name."""
        return self._pretrained.name if self._scoring is None else self._scoring.name

    @property
    def max_utterance_tokens(self) -> int:
        """Tokens of an utterance that are read; ``truncated`` counts the utterances labelled so far that had more."""
        return self._pretrained.settings.max_utterance_tokens

    @property
    def precision(self) -> str:
        """``fp32`` or ``bf16``."""
        return self._precision

    @property
    def parameters(self) -> int:
        """Parameters of the network."""
        return sum(p.numel() for p in self._pretrained.model.parameters())

    @property
    def trained_parameters(self) -> int:
        """Parameters that training changed."""
        return sum(p.numel() for p in self._pretrained.model.parameters() if p.requires_grad)

    @property
    def scores(self) -> dict[str, Any]:
        """What its training wrote down: dev scores, ``training_seconds`` and ``training_device``."""
        return dict((self._pretrained.scores if self._scoring is None else self._scoring.scores) or {})

    @property
    def settings(self) -> dict[str, Any]:
        """The recipe it was trained with; of an adapted model also what its labels were made from."""
        recipe = dict(self._pretrained.recipe)
        return recipe if self._scoring is None else {**recipe, "scoring": dict(self._scoring.settings)}

    def label(
        self,
        conversations: Sequence[Conversation] | Conversation | str | Path,
        *,
        min_confidence: float | None = None,
        history: str = "conversation",
        remember: Sequence[Conversation] = (),
        batch_tokens: int = 4096,
        report: Callable[[int], None] | None = None,
    ) -> list[LabelledConversation]:
        """Label every utterance.

        Args:
            conversations: Conversations, one conversation, or the path of a file with some; conversations of the file
                that cannot be read are left out with a warning (``read_conversations`` says which).
            min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
            history: ``conversation``: a speaker's history is this conversation. ``all``: also the earlier ones among
                ``remember`` and ``conversations``, where the same name is the same person.
            remember: Earlier conversations that are not labelled themselves; read with ``history="all"``.
            batch_tokens: Tokens encoded at a time; more needs more memory.
            report: Called with the number of utterances done.

        Returns:
            One labelled conversation per conversation, in the given order.

        Raises:
            SettingError: A value out of its range.
            FormatError: A file that cannot be read.
        """
        if min_confidence is not None and not 0 <= min_confidence <= 1:
            raise SettingError(f"the least confidence must be between 0 and 1, got {min_confidence}.")
        chosen = _as_conversations(conversations)
        logits = self.logits(chosen, history=history, remember=remember, batch_tokens=batch_tokens, report=report)
        labelled = []
        for conversation, rows in zip(chosen, logits, strict=True):
            scores = _softmax(rows / (self.temperature or 1.0))  # (U, L)
            predictions = tuple(
                self._prediction(utterance.id, row, min_confidence)
                for utterance, row in zip(conversation.utterances, scores, strict=True)
            )
            labelled.append(LabelledConversation(conversation, predictions))
        return labelled

    def logits(
        self,
        conversations: Sequence[Conversation],
        *,
        history: str = "conversation",
        remember: Sequence[Conversation] = (),
        batch_tokens: int = 4096,
        report: Callable[[int], None] | None = None,
    ) -> list[NDArray[np.float32]]:
        """Logits before calibration, one array (U, L) per conversation; arguments as for ``label``."""
        if self._scoring is None:
            return self._predict(predict_logits, conversations, history, remember, batch_tokens, report)
        vectors = self.vectors(
            conversations, history=history, remember=remember, batch_tokens=batch_tokens, report=report
        )
        scorer, model = self._scoring.scorer, self._pretrained.model
        return [scorer.logits(rows, score_vectors(model, rows)).astype(np.float32) for rows in vectors]

    def vectors(
        self,
        conversations: Sequence[Conversation],
        *,
        history: str = "conversation",
        remember: Sequence[Conversation] = (),
        batch_tokens: int = 4096,
        report: Callable[[int], None] | None = None,
    ) -> list[NDArray[np.float32]]:
        """What the label head reads of every utterance, one array (U, V) per conversation.

        For EmoNet and CoMPM that is the context vector plus the vector of the speaker's history, before dropout and
        the label head; for sentemo its metric space. Arguments as for ``label``.
        """
        return self._predict(predict_vectors, conversations, history, remember, batch_tokens, report)

    def _predict(
        self,
        predict: Callable[..., NDArray[np.float32]],
        conversations: Sequence[Conversation],
        history: str,
        remember: Sequence[Conversation],
        batch_tokens: int,
        report: Callable[[int], None] | None,
    ) -> list[NDArray[np.float32]]:
        choose(history, HISTORIES, "history")
        if batch_tokens < 1:
            raise SettingError(f"the tokens of a batch must be at least 1, got {batch_tokens}.")
        if not conversations:
            return []
        parts = self._pretrained
        earlier = list(remember) if history == "all" else []
        scope = parts.settings.history.scope if history == "all" else "conversation"
        everything = [*earlier, *conversations]
        prepared = with_known_vectors(
            parts.model,
            parts.preparation,
            parts.preparation.prepare(everything, scope),
            everything,
            parts.backbone_folder,
            precision=self._precision,
            checksum=parts.backbone_sha256,
            keep=self._keeps_vectors,
        )
        targets = range(len(earlier), len(prepared))
        self.tokens_processed += sum(prepared.tokenized[c].tokens for c in targets)
        self.truncated += sum(prepared.tokenized[c].truncated for c in targets)
        rows = predict(
            parts.model,
            parts.preparation,
            prepared,
            targets,
            precision=self._precision,
            batch_tokens=batch_tokens,
            advance=report,
        )
        return np.split(rows, np.cumsum([len(c) for c in conversations])[:-1])

    def _prediction(self, utterance_id: str, scores: NDArray[np.float64], min_confidence: float | None) -> Prediction:
        best = int(scores.argmax())
        named = {label: float(score) for label, score in zip(self.label_set.labels, scores, strict=True)}
        is_sure = min_confidence is None or scores[best] >= min_confidence
        reason = "" if is_sure else f"confidence {scores[best]:.2f} below {min_confidence:.2f}"
        label = self.label_set.labels[best] if is_sure else None
        return Prediction(utterance_id, label, named, self.temperature is not None, reason)


def _as_conversations(given: Sequence[Conversation] | Conversation | str | Path) -> Sequence[Conversation]:
    if isinstance(given, Conversation):
        return [given]
    if isinstance(given, str | Path):
        found = read_conversations(given)
        if found.skipped:
            warnings.warn(f"{given}: {found.line()}; the first: {found.skipped[0].reason}", stacklevel=3)
        return found.conversations
    return given


def _softmax(logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    result: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return result
