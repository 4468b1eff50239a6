"""What every baseline is: a system without a network of erckit's behind it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from erckit.conversation import Conversation, Utterance
from erckit.errors import CorpusError, nearest
from erckit.labels import LabelSet
from erckit.models.system import About, Ask, Reading

if TYPE_CHECKING:
    from erckit.corpora import Corpus


class Baseline(ABC):
    """A system that scores utterances and remembers no speaker.

    Args:
        name: Its name in results.
        label_set: Labels it scores.
        settings: What it was made with, as results record it.

    Attributes:
        calibrated: Whether scores were calibrated on held-out data.
        is_selected: Whether anything was chosen on a dev split.
        tokens_processed: Tokens a network read so far.
        truncated: Utterances labelled so far that were too long to be read whole.
        parameters: Numbers it computes with, None where that says nothing.
        trained_parameters: Those that fitting it to the corpus set.
        scores: ``training_seconds`` and ``training_device`` of fitting it.
    """

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

    @property
    def about(self) -> About:
        """What it says of itself."""
        return About(
            name=self.name,
            label_set=self.label_set,
            settings=self.settings,
            can=frozenset({"scores"}),
            refusal=f"'{self.name}' is a baseline: it {{why}}. Choose a trained model for that.",
            is_calibrated=self.calibrated,
            selected_on="dev" if self.is_selected else "",
            parameters=self.parameters,
            trained_parameters=self.trained_parameters,
            scores=self.scores,
        )

    def read(self, ask: Ask) -> Reading:
        """Its scores; nothing is remembered, whatever history is asked for."""
        tokens, truncated = self.tokens_processed, self.truncated
        scores = self.probabilities(ask.conversations, ask.report) if ask.conversations else []
        return Reading(scores=scores, tokens=self.tokens_processed - tokens, truncated=self.truncated - truncated)


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
