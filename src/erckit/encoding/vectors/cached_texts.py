"""How many texts were not read, as their vectors lay in the cache folder."""

from __future__ import annotations

_found = 0


def count_cached(texts: int) -> None:
    """Add texts whose vectors were found; the count is of the whole process."""
    global _found
    _found += texts


def cached_texts() -> int:
    """The count so far. Its difference over a piece of work tells whether the time of that work means anything."""
    return _found
