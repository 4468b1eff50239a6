"""The smallest difference between two systems that a test set can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.metrics.bootstrap import bootstrap_runs
from erckit.metrics.conversation_counts import conversation_counts

_RIVALS = 10


def smallest_difference(standard_error: float, alpha: float = 0.05, power: float = 0.8) -> float:
    """Minimal detectable effect: the true difference that a two-sided test finds with the wanted power.

    With the usual values it is (1.96 + 0.84) standard errors. A smaller true difference is found less often than
    ``power`` says; and when a difference below it does come out significant, its size is probably exaggerated.

    Args:
        standard_error: Of the difference, as :class:`PairedBootstrap` has it; at least 0.
        alpha: Level of the test, in (0, 1); in a table, the level divided by the number of comparisons is what Holm's
            first step asks for.
        power: Wanted probability of finding the difference, in (0, 1).

    Returns:
        The difference, in the unit of ``standard_error``.

    Raises:
        SettingError: A value out of its range.

    Source: Bloom 1995, Minimum Detectable Effects; Card et al. 2020, With Little Power Comes Great Responsibility.
    """
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise SettingError(f"{name} must lie between 0 and 1, got {value}.")
    if not standard_error >= 0:
        raise SettingError(f"a standard error is at least 0, got {standard_error}.")
    from scipy.special import ndtri

    return float((ndtri(1 - alpha / 2) + ndtri(power)) * standard_error)


@dataclass(frozen=True, slots=True)
class AssumedRival:
    """A system that was not there to be measured.

    Args:
        standard_error: Of the difference between the known system and the rival, one run each.
        agreement: Share of utterances on which the two predict the same label, in [0, 1].
    """

    standard_error: float
    agreement: float


def assumed_rival(
    gold: Sequence[int],
    predicted: ArrayLike,
    conversation_index: Sequence[int],
    metric: str,
    agreement: float | None = None,
    draws: int = 500,
    seed: int = 0,
    label_set: LabelSet | None = None,
) -> AssumedRival:
    """Standard error of the difference to an equally good system, when only one system is known.

    How well a test set tells two systems apart depends on how often they agree: what both get right or wrong alike
    cancels. So a rival has to be assumed. It is simulated: some utterances keep the system's prediction, the others
    trade theirs with utterances of the same gold label. Its confusion matrix, and so its score, then is about that
    of the system, and only the places of its errors differ. Ten such rivals are averaged.

    Args:
        gold: (N,) label positions.
        predicted: (N,) predictions of one run, or (S, N), one row per seed; each is compared with rivals of its own.
        conversation_index: (N,) whole numbers; utterances of the same conversation share one.
        metric: A name of ``METRICS``.
        agreement: Share of utterances on which system and rival should predict the same label, in [0, 1]; at least
            what traded predictions reach by chance. None lies halfway between chance and full agreement, a careful
            choice: on the EmoryNLP test split it gives 64 to 66 %, where fine-tuned encoders with different backbones
            were measured at 66 to 76 % and two seeds of one recipe at 80 %.
        draws: Bootstrap resamples.
        seed: Of resampling and simulation.
        label_set: Needed by ``macro_f1`` and the "no_neutral" metrics.

    Returns:
        The standard error between two single runs (means over seeds differ by less), and the agreement reached.

    Raises:
        ErckitError: Nothing to resample, or lengths that differ.
        SettingError: An agreement outside [0, 1], an unknown metric, or one that needs the label set.

    Source: Card et al. 2020, With Little Power Comes Great Responsibility: power of a paired test simulated from an
        assumed accuracy and agreement.
    Deviations: conversations are resampled, and the rival copies the whole confusion, not only the accuracy.
    """
    if agreement is not None and not 0 <= agreement <= 1:
        raise SettingError(f"agreement must lie between 0 and 1, got {agreement}.")
    y_true, runs = np.asarray(gold, dtype=np.int64), np.atleast_2d(np.asarray(predicted, dtype=np.int64))
    own = conversation_counts(y_true, runs, conversation_index, metric, label_set)
    scores = bootstrap_runs(own, metric, draws, seed)  # (S, draws)
    rng = np.random.default_rng(seed)
    variances, agreements = [], []
    for number in range(_RIVALS):
        run = number % len(runs)
        rival = _simulated_rival(y_true, runs[run], agreement, rng)
        counts = conversation_counts(y_true, rival, conversation_index, metric, label_set)
        variances.append((scores[run] - bootstrap_runs(counts, metric, draws, seed)[0]).var(ddof=1))
        agreements.append((rival == runs[run]).mean())
    return AssumedRival(float(np.sqrt(np.mean(variances))), float(np.mean(agreements)))


def _simulated_rival(
    gold: NDArray[np.int64], predicted: NDArray[np.int64], agreement: float | None, rng: np.random.Generator
) -> NDArray[np.int64]:
    """(N,) predictions of about the same confusion that agree with ``predicted`` as often as asked."""
    traded = np.empty_like(predicted)
    for label in np.unique(gold):
        here = np.flatnonzero(gold == label)
        # A shuffle keeps the confusion; only where its entries lie changes.
        traded[here] = rng.permutation(predicted[here])
    by_chance = float((traded == predicted).mean())
    if agreement is None:
        keep = 0.5
    else:
        keep = 1.0 if by_chance >= 1 else max(0.0, (agreement - by_chance) / (1 - by_chance))
    return np.where(rng.random(len(gold)) < keep, predicted, traded)
