"""What an ablation measured: the score of every row, and what each changes."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from erckit.errors import ResultError
from erckit.evaluation.ablation.ablation_plan import AblationPlan, AblationRow
from erckit.evaluation.comparison.compare import compare_results
from erckit.evaluation.comparison.comparison import ComparedPair, Comparison
from erckit.evaluation.results.result import Result
from erckit.evaluation.results.summary import protocol_line

if TYPE_CHECKING:
    from erckit.evaluation.ablation.ablation_plan import AblationPlan, AblationRow
    from erckit.evaluation.results.result import Result

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """One row of the table.

    Args:
        row: What was run.
        result: Its result over all seeds, or None while it has not been run.
        same_as: Name of the earlier row with the same recipe, whose runs it shares; else empty.
        to_previous: Against the row it builds on; None where there is none, or it has no result, or the recipe is the
            same.
        to_base: Against the first row, likewise.
    """

    row: AblationRow
    result: Result | None = None
    same_as: str = ""
    to_previous: ComparedPair | None = None
    to_base: ComparedPair | None = None

    def is_told_apart(self, found: ComparedPair | None, alpha: float = 0.05) -> bool:
        """Whether a difference holds in these runs and, where several seeds were run, with other seeds, too."""
        return found is not None and found.significant and (found.p_seeds_holm is None or found.p_seeds_holm < alpha)


@dataclass(frozen=True, slots=True)
class Ablation:
    """The whole table.

    Args:
        plan: What was to be run.
        outcomes: One per row of the plan.
        comparison: All differences between rows, or None while there is nothing to compare.
    """

    plan: AblationPlan
    outcomes: tuple[RowOutcome, ...]
    comparison: Comparison | None = None

    @property
    def measured(self) -> list[tuple[RowOutcome, Result]]:
        """Rows that have a result.

        Raises:
            ResultError: None has.
        """
        found = [(outcome, outcome.result) for outcome in self.outcomes if outcome.result is not None]
        if not found:
            raise ResultError("no row of the ablation has a result yet; run 'erckit ablate' first.")
        return found

    @property
    def metric(self) -> str:
        """The protocol's metric."""
        return self.measured[0][1].protocol.metric

    def protocol_line(self) -> str:
        """What all rows were measured on, in one line; what differs from row to row is said to differ."""
        results = [result for _, result in self.measured]
        first = results[0]
        changes: dict[str, Any] = {}
        if len({result.protocol.memory for result in results}) > 1:
            changes["memory"] = "differs by row"
        line = protocol_line(dataclasses.replace(first, protocol=dataclasses.replace(first.protocol, **changes)))
        if len({result.protocol.causal for result in results}) > 1:
            line += " · rows that see later utterances are marked"
        return line

    def to_json(self) -> str:
        """The table as JSON text, without predictions; these are in the rows' own result files."""
        first = self.measured[0][1]
        whole = {
            "schema_version": SCHEMA_VERSION,
            "title": self.plan.title,
            "protocol_line": self.protocol_line(),
            "common": self.plan.common_line(),
            "protocol": {k: v for k, v in dataclasses.asdict(first.protocol).items() if k not in ("memory", "causal")},
            "metric": self.metric,
            "seeds": list(first.seeds),
            "base": self.plan.rows[0].name,
            "draws": self.comparison.draws if self.comparison is not None else None,
            "rows": [_row(outcome, self.metric) for outcome in self.outcomes],
        }
        return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False, default=str) + "\n"


def seed_scores(result: Result, metric: str) -> list[float]:
    """Score of every seed."""
    return [float(run["metrics"][metric]) for run in result.runs]


def _row(outcome: RowOutcome, metric: str) -> Mapping[str, Any]:
    row, result = outcome.row, outcome.result
    said: dict[str, Any] = {
        "name": row.name,
        "folder": row.slug,
        "about": row.about,
        "from": row.builds_on,
        "set": dict(row.changes),
        "same_as": outcome.same_as,
        "is_measured": result is not None,
    }
    if result is None:
        return said
    said |= {
        "system": result.system,
        "memory": result.protocol.memory,
        "causal": result.protocol.causal,
        "metrics": {
            name: {
                "mean": result.metrics[name],
                "sd": result.sd.get(name),
                "interval_95": list(result.metrics["interval_95"][name]),
                "by_seed": seed_scores(result, name),
            }
            for name in dict.fromkeys((metric, "accuracy", "macro_f1"))
        },
    }
    for key, found in (("to_previous", outcome.to_previous), ("to_base", outcome.to_base)):
        said[key] = None if found is None else dataclasses.asdict(found)
    return said


_ALPHA = 0.05


def compare_rows(plan: AblationPlan, results: Mapping[str, Result], draws: int = 2000) -> Ablation:
    """Compare every row with the one it builds on and with the first one; see ``compare_results`` for the tests.

    Args:
        plan: The rows.
        results: Name of a row that was trained to its result; rows that share a recipe share the result of the first.
        draws: Resamples and random swaps; more are taken where so many comparisons need them.
    """
    rows = {row.name: row for row in plan.rows}
    measured = [name for name in rows if name in results]

    def pair(row: AblationRow, other: AblationRow | None) -> tuple[str, str] | None:
        """Names of the trained rows to compare; None where there is nothing to compare."""
        if other is None:
            return None
        names = (plan.trained_as(row).name, plan.trained_as(other).name)
        return names if names[0] != names[1] and all(name in results for name in names) else None

    wanted = [
        (pair(row, rows.get(row.builds_on)), pair(row, plan.rows[0])) for row in plan.rows
    ]  # of every row: against the row it builds on, against the first
    # A pair that stands in both columns, or in two rows, is one comparison.
    pairs = list(dict.fromkeys(one for both in wanted for one in both if one is not None))
    comparison = None
    if pairs:
        comparison = compare_results(
            [results[name] for name in measured],
            draws=max(draws, 2 * ceil(len(pairs) / _ALPHA)),
            names=measured,
            pairs=[(measured.index(first), measured.index(second)) for first, second in pairs],
            alpha=_ALPHA,
        )
    found = {(one.first, one.second): one for one in comparison.pairs} if comparison is not None else {}
    outcomes = []
    for row, (previous, base) in zip(plan.rows, wanted, strict=True):
        trained = plan.trained_as(row)
        outcomes.append(
            RowOutcome(
                row=row,
                result=results.get(trained.name),
                same_as="" if trained is row else trained.name,
                to_previous=found[previous] if previous else None,
                to_base=found[base] if base else None,
            )
        )
    return Ablation(plan, tuple(outcomes), comparison)
