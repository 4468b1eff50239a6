"""What every baseline is: something that labels like a ``Labeler``, without a network of erckit's behind it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.errors import CorpusError, SettingError, nearest
from erckit.labels import LabelSet

if TYPE_CHECKING:
    from erckit.corpora import Corpus


class Baseline(ABC):
    """A system that scores utterances and remembers no speaker.

    Attributes:
        name: Its name in results.
        label_set: Labels it scores.
        settings: What it was made with, as results record it.
        causal: Whether no label depends on a later utterance.
        calibrated: Whether scores were calibrated on held-out data.
        is_selected: Whether anything was chosen on a dev split.
        tokens_processed: Tokens a network read so far.
        truncated: Utterances labelled so far that were too long to be read whole.
        parameters: Numbers it computes with, None where that says nothing.
        trained_parameters: Those that fitting it to the corpus set.
        scores: ``training_seconds`` and ``training_device`` of fitting it.
    """

    causal = True
    calibrated = False
    is_selected = False
    parameters: int | None = None
    trained_parameters: int | None = None

    def __init__(self, name: str, label_set: LabelSet, settings: dict[str, Any]) -> None:
        self.name = name
        self.label_set = label_set
        self.settings = settings
        self.tokens_processed = 0
        self.truncated = 0
        self.scores: dict[str, Any] = {}

    @abstractmethod
    def probabilities(
        self, conversations: Sequence[Conversation], report: Callable[[int], None] | None = None
    ) -> list[Sequence[Sequence[float]]]:
        """Per conversation, per utterance, one score per label, each in [0, 1] and summing to 1: (U, L) each."""

    def label(
        self,
        conversations: Sequence[Conversation],
        *,
        min_confidence: float | None = None,
        history: str = "conversation",
        remember: Sequence[Conversation] = (),
        batch_tokens: int = 4096,
        report: Callable[[int], None] | None = None,
    ) -> list[LabelledConversation]:
        """Label every utterance, as ``Labeler.label`` does.

        Args:
            conversations: What to label.
            min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
            history: Taken for the sake of ``Labeler.label``'s signature; no baseline remembers speakers.
            remember: Likewise.
            batch_tokens: Likewise.
            report: Called with the number of utterances done.

        Raises:
            SettingError: A least confidence outside [0, 1].
        """
        if min_confidence is not None and not 0 <= min_confidence <= 1:
            raise SettingError(f"the least confidence must be between 0 and 1, got {min_confidence}.")
        if not conversations:
            return []
        return [
            LabelledConversation(
                conversation,
                tuple(
                    self._prediction(u.id, row, min_confidence)
                    for u, row in zip(conversation.utterances, rows, strict=True)
                ),
            )
            for conversation, rows in zip(conversations, self.probabilities(conversations, report), strict=True)
        ]

    def _prediction(self, utterance_id: str, row: Sequence[float], min_confidence: float | None) -> Prediction:
        named = {label: float(score) for label, score in zip(self.label_set.labels, row, strict=True)}
        best = max(named, key=lambda label: named[label])  # the first of equals
        is_sure = min_confidence is None or named[best] >= min_confidence
        reason = "" if is_sure else f"confidence {named[best]:.2f} below {min_confidence:.2f}"
        return Prediction(utterance_id, best if is_sure else None, named, self.calibrated, reason)


class FittedBaseline(Baseline):
    """A baseline that is fitted to a corpus within a minute.

    Attributes:
        is_deterministic: Whether every seed gives the same labels, so that one run stands for all.
    """

    is_deterministic: ClassVar[bool] = True

    @classmethod
    @abstractmethod
    def fit(cls, corpus: Corpus, seed: int = 1) -> Self:
        """Fit to the train split of a corpus; what there is to choose is chosen on its dev split.

        Raises:
            CorpusError: A split it needs is missing or has no gold labels.
        """


def fit_baseline(name: str, corpus: Corpus, seed: int = 1) -> FittedBaseline:
    """A baseline fitted to a corpus, which knows how long that took.

    Args:
        name: A name of ``BASELINES``.
        corpus: Fitted on its train split, settings chosen on its dev split.
        seed: Decides draws, where the baseline draws.

    Raises:
        SettingError: No such baseline.
        CorpusError: A split it needs is missing or has no gold labels.
    """
    from erckit.models.baselines import baseline_class

    found, began = baseline_class(name), time.process_time()
    fitted = found.fit(corpus, seed)
    # One thread does it all; what a busy machine makes it wait is no cost of the baseline.
    seconds = round(time.process_time() - began, 3)
    fitted.scores = {"training_seconds": seconds, "training_device": "CPU, 1 thread"}
    return fitted


def labelled_utterances(corpus: Corpus, split: str) -> list[Utterance]:
    """Utterances of a split that have a gold label.

    Raises:
        CorpusError: No such split, or no gold label in it.
    """
    if split not in corpus.splits:
        raise CorpusError(
            f"corpus '{corpus.name}' has no {split} split, which this baseline is fitted on. "
            f"{nearest(split, corpus.splits)}"
        )
    found = [u for conversation in corpus.split(split) for u in conversation.utterances if u.label is not None]
    if not found:
        raise CorpusError(f"{corpus.name}/{split}: no utterance has a gold label to fit a baseline on.")
    return found


def label_frequencies(utterances: Iterable[Utterance], label_set: LabelSet) -> list[float]:
    """(L,) share of each label among labelled utterances, summing to 1."""
    counts = Counter(u.label for u in utterances)
    total = sum(counts.values())
    return [counts[label] / total for label in label_set.labels]


def baseline_settings(name: str, corpus: Corpus, seed: int, **values: Any) -> dict[str, Any]:
    """What a result records of a baseline, in the layout of a recipe."""
    return {"name": name, "corpus": corpus.name, "model": {"name": name, **values}, "training": {"seed": seed}}
