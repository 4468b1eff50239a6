"""From the rows' results to the table of an ablation: what each row changes, and whether chance could do it."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import TYPE_CHECKING

from erckit.evaluation.ablation.ablation_result import Ablation, RowOutcome
from erckit.evaluation.comparison.compare import compare_results

if TYPE_CHECKING:
    from erckit.evaluation.ablation.ablation_plan import AblationPlan, AblationRow
    from erckit.evaluation.results.result import Result

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
