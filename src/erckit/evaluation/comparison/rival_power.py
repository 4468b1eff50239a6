"""What a test set could show, when only one result is there."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.errors import SettingError, nearest
from erckit.evaluation.comparison.matched_results import match_results
from erckit.evaluation.results.result import Result


@dataclass(frozen=True, slots=True)
class RivalPower:
    """The smallest difference to an equally good, simulated system.

    Args:
        metric: The metric it is about.
        agreement: Share of utterances on which the two systems predict the same label.
        standard_error: Of the difference between two single runs, a fraction.
        smallest_difference: True difference that would be found with 80 % power at the level 0.05, a fraction.
    """

    metric: str
    agreement: float
    standard_error: float
    smallest_difference: float


def rival_power(result: Result, metric: str | None = None, agreement: float | None = None) -> RivalPower:
    """The smallest difference that the test set of one result can show; useful before a second system exists.

    Args:
        result: Of one run or several.
        metric: A name of ``metric_names()``; None takes the protocol's.
        agreement: Assumed agreement with the rival, in [0, 1]; see :func:`erckit.metrics.power.assumed_rival`.

    Raises:
        ResultError: A result without predictions, or with a label outside its label set.
        SettingError: An unknown metric, or an agreement outside [0, 1].
    """
    from erckit.metrics import metric_names
    from erckit.metrics.power import assumed_rival, smallest_difference

    measure = metric or result.protocol.metric
    if measure not in metric_names():
        raise SettingError(f"unknown metric '{measure}'. {nearest(measure, metric_names())}")
    one = match_results([result], [result.system])
    rival = assumed_rival(
        one.gold.tolist(),
        one.predictions[0],
        one.conversation_index.tolist(),
        measure,
        agreement,
        label_set=one.label_set,
    )
    return RivalPower(measure, rival.agreement, rival.standard_error, smallest_difference(rival.standard_error))
