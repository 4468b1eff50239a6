"""One measured system of a leaderboard: its score and what the score cost."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.evaluation.results.result import Result
from erckit.recipe.recorded import may_keep_vectors, recorded_backbone


@dataclass(frozen=True, slots=True)
class LeaderboardRow:
    """A result as a row of its protocol's table. All scores are fractions.

    Args:
        name: What the system is called in the table.
        metric: The metric of the table.
        result: Where everything comes from.
        letters: Group letters: systems that share one cannot be told apart. Empty when nothing was compared.
    """

    name: str
    metric: str
    result: Result
    letters: tuple[str, ...] = ()

    @property
    def score(self) -> float:
        """The score, the mean over seeds where there are several."""
        return float(self.result.metrics[self.metric])

    @property
    def sd(self) -> float | None:
        """Standard deviation over seeds, None for a single one."""
        return self.result.sd.get(self.metric)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Bounds of the 95 % interval over conversations, None when the result has none for this metric."""
        bounds = self.result.metrics["interval_95"].get(self.metric)
        return (float(bounds[0]), float(bounds[1])) if bounds else None

    @property
    def runs(self) -> int:
        """Number of runs behind the score."""
        return max(1, len(self.result.runs))

    @property
    def utterances_per_second(self) -> float | None:
        """Utterances labelled per second of the evaluation, over all runs.

        None when no time was taken, and where vectors came from the cache: then the time is not that of reading.
        """
        if self.reads_cache:
            return None
        seconds = self.result.wall_seconds
        return self.result.protocol.utterances * self.runs / seconds if seconds > 0 else None

    @property
    def reads_cache(self) -> bool:
        """Whether vectors of a frozen backbone were taken from the cache folder.

        Results that do not say so count as such when their system may have.
        """
        if self.result.cached_texts is not None:
            return self.result.cached_texts > 0
        return may_keep_vectors(self.result.config)

    @property
    def backbone(self) -> str:
        """Pretrained network, empty when the settings name none."""
        return self.result.backbone or recorded_backbone(self.result.config)

    @property
    def hardware(self) -> str:
        """What the evaluation ran on."""
        found = self.result.hardware
        if found.get("gpu"):
            return str(found["gpu"])
        cores = found.get("cores")
        return str(found.get("cpu") or "") + (f", {cores} cores" if cores else "")
