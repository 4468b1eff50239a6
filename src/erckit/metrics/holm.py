"""p-values corrected for the number of comparisons in a table."""

from __future__ import annotations

from collections.abc import Sequence

from erckit.errors import ErckitError


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust the p-values of one table, so that the chance of any false finding stays below the level.

    The smallest is multiplied by the number of comparisons, the next by one less, and so on; none may fall below one
    that came before it. It holds whatever the dependence between the comparisons.

    Args:
        p_values: One per comparison, each in [0, 1].

    Returns:
        Adjusted p-values in [0, 1], in the given order; compare them with the level itself (0.05).

    Raises:
        ErckitError: A value outside [0, 1].

    Source: Holm 1979, A Simple Sequentially Rejective Multiple Test Procedure.
    """
    for value in p_values:
        if not 0 <= value <= 1:
            raise ErckitError(f"a p-value lies in [0, 1], got {value}.")
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted
