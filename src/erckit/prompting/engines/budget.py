"""What may be spent on annotations, and what was."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from erckit.errors import AnnotationError, SettingError


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """Limits of one run.

    Args:
        tries: Times a request is tried, the first included.
        tokens: Of prompts and answers together, failed tries included; 0 for no limit. What a request will take is
            estimated before it is made.
        seconds: Spent on asking; 0 for no limit.
        first_wait: Seconds before the second try; doubled before each further one.
        longest_wait: Most seconds before a try where the server asks for none.
        longest_asked: Most seconds to wait because the server asks for it, where ``seconds`` sets no limit.
    """

    tries: int = 4
    tokens: int = 0
    seconds: float = 0.0
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_asked: float = 3600.0

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise SettingError(f"a request is tried at least once; tries cannot be {self.tries}.")
        if min(self.tokens, self.seconds, self.first_wait, self.longest_wait, self.longest_asked) < 0:
            raise SettingError("a budget's tokens, seconds and waits must be 0 or more.")

    def wait(self, failed: int, asked: float = 0.0) -> float:
        """Seconds to wait after ``failed`` tries, of which the server asked for ``asked``."""
        return max(asked, min(self.first_wait * 2 ** (failed - 1), self.longest_wait))


@dataclass(slots=True)
class Budget:
    """What a run has spent.

    Args:
        settings: The limits.
        tokens: Spent so far.
        answers: Got so far.
        reserved: Tokens, estimated, of requests that are under way.
        seconds: Spent on asking so far, the part that is going on left out.
    """

    settings: BudgetSettings = field(default_factory=BudgetSettings)
    tokens: int = 0
    answers: int = 0
    reserved: int = 0
    seconds: float = 0.0
    _since: float | None = field(default=None, repr=False)

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Count the time within as spent on asking."""
        if self._since is not None:  # another thread is asking: the time is counted already
            yield
            return
        self._since = time.monotonic()
        try:
            yield
        finally:
            self.seconds += time.monotonic() - self._since
            self._since = None

    def time_left(self) -> float:
        """Seconds; infinite where there is no limit."""
        if not self.settings.seconds:
            return math.inf
        since = self._since
        now = time.monotonic() - since if since is not None else 0.0
        return max(0.0, self.settings.seconds - self.seconds - now)

    def longest_wait(self) -> float:
        """Most seconds that a server may ask to wait."""
        return self.time_left() if self.settings.seconds else self.settings.longest_asked

    def problem(self, tokens: int = 0) -> str:
        """Why nothing more may be asked that takes so many tokens, or ``""``."""
        limits = self.settings
        if limits.tokens and self.tokens + self.reserved + tokens > limits.tokens:
            return f"the budget of {limits.tokens:,} tokens is spent ({self.tokens:,} so far)"
        if limits.seconds and not self.time_left():
            return f"the budget of {limits.seconds:g} seconds is spent"
        return ""

    def exhausted(self, problem: str, missing: int) -> AnnotationError:
        """The error that tells what is missing and that the rest is kept."""
        return AnnotationError(
            f"{problem}; {missing:,} answers are missing. {self.answers:,} new ones are kept: raise the budget and "
            "run the same command again to go on from there."
        )
