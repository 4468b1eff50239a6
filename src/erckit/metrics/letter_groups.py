"""Groups of systems that cannot be told apart, as letters."""

from __future__ import annotations

from collections.abc import Iterable
from string import ascii_lowercase


def letter_groups(systems: int, different: Iterable[tuple[int, int]]) -> tuple[tuple[str, ...], ...]:
    """Compact letter display: two systems share a letter exactly when no difference between them was found.

    A system may belong to several groups: with A = B and B = C but A > C the letters are a, ab, b. Sharing a letter
    does not mean that two systems are equally good, only that this test set does not show which is better.

    Args:
        systems: How many, best first; the first ones get the first letters.
        different: Pairs of positions whose difference is significant.

    Returns:
        The letters of each system in order, at least one each; after z come a', b', ...

    Source: Piepho 2004, An Algorithm for a Letter-Based Representation of All-Pairwise Comparisons (insert and absorb).
    Deviations: no sweeping of letters that could be spared.
    """
    groups = [frozenset(range(systems))] if systems else []
    for first, second in different:
        split = []
        for group in groups:
            split.extend([group - {first}, group - {second}] if {first, second} <= group else [group])
        # A group inside another one tells nothing new.
        groups = [group for group in set(split) if not any(group < other for other in split)]
    groups.sort(key=sorted)
    return tuple(
        tuple(_letter(place) for place, group in enumerate(groups) if system in group) for system in range(systems)
    )


def _letter(place: int) -> str:
    return ascii_lowercase[place % 26] + "'" * (place // 26)
