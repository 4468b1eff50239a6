"""What can write annotations: a language model on this machine or behind an address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from erckit.prompting.annotation.request import Completion, Failure, Request


class Engine(Protocol):
    """A language model that answers requests."""

    @property
    def name(self) -> str:
        """Which model it is; answers are kept under this name."""
        ...

    @property
    def at_once(self) -> int:
        """Requests that are best given together."""
        ...

    def complete(self, requests: Sequence[Request], temperature: float) -> Iterator[tuple[int, Completion | Failure]]:
        """Try each request once.

        Args:
            requests: At most ``at_once``.
            temperature: 0 for the likeliest answer; more where that answer was of no use.

        Yields:
            The place of a request and what became of it, as soon as it is known, in any order.
        """
        ...
