"""What can write annotations: a language model on this machine or behind an address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from erckit.prompting.engines.request import Completion, Failure, Request

# Asked before a request is made: the seconds that it may take, 0 for not at all.
Leave = Callable[[Request], float]


class Engine(Protocol):
    """A language model that answers requests."""

    @property
    def name(self) -> str:
        """Which model it is, where it runs or which weights it has included; answers are kept under this name."""
        ...

    @property
    def title(self) -> str:
        """Which model it is, for people."""
        ...

    @property
    def at_once(self) -> int:
        """Requests that are best given together."""
        ...

    def complete(
        self, requests: Sequence[Request], temperature: float, leave: Leave | None = None
    ) -> Iterator[tuple[int, Completion | Failure]]:
        """Try each request once.

        Args:
            requests: At most ``at_once``.
            temperature: 0 for the likeliest answer; more where that answer was of no use.
            leave: Asked before each request is made, once; from the first on that it gives no time, none is made.

        Yields:
            The place of a request and what became of it, as soon as it is known, in any order.
        """
        ...
