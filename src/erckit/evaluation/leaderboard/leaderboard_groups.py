"""Which systems of a leaderboard's table cannot be told apart."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from erckit.errors import ResultError
from erckit.evaluation.leaderboard.leaderboard_row import LeaderboardRow


def with_group_letters(rows: Sequence[LeaderboardRow]) -> tuple[list[LeaderboardRow], list[str]]:
    """Compare all pairs of a table and give each row its letters.

    Args:
        rows: Of one protocol and one metric, best first.

    Returns:
        The rows, and notes on what was tested; without letters, and with the reason, where rows cannot be compared.
    """
    from erckit.evaluation.comparison.compare import compare_results

    if len(rows) < 2:
        return list(rows), []
    try:
        comparison = compare_results([row.result for row in rows], rows[0].metric, names=[row.name for row in rows])
    except ResultError as error:
        return list(rows), [f"The systems were not compared: {error}"]
    letters = {system.name: system.letters for system in comparison.systems}
    smallest = [100 * pair.smallest_difference_holm for pair in comparison.pairs]
    count = len(comparison.pairs)
    note = (
        "Group: systems that share a letter cannot be told apart (approximate randomisation over conversations, "
        f"{count} pair{'s' * (count != 1)}, Holm-corrected, level {comparison.alpha:g}). "
        "Smallest true difference that this split would show 8 times in 10: "
        + (f"{smallest[0]:.1f} points." if count == 1 else f"{min(smallest):.1f} to {max(smallest):.1f} points.")
    )
    return [dataclasses.replace(row, letters=letters[row.name]) for row in rows], [note, *comparison.warnings]
