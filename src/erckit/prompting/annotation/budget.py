"""What may be spent on annotations, and what was."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from erckit.errors import AnnotationError, SettingError


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """Limits of one run.

    Args:
        tries: Times a request is tried, the first included.
        tokens: Of prompts and answers together, failed tries included; 0 for no limit. What a request will take is
            estimated before it is made.
        seconds: From the start; 0 for no limit.
        first_wait: Seconds before the second try; doubled before each further one.
        longest_wait: Most seconds before a try, whatever the server asks for.
    """

    tries: int = 4
    tokens: int = 0
    seconds: float = 0.0
    first_wait: float = 1.0
    longest_wait: float = 60.0

    def __post_init__(self) -> None:
        if self.tries < 1:
            raise SettingError(f"a request is tried at least once; tries cannot be {self.tries}.")
        if min(self.tokens, self.seconds, self.first_wait, self.longest_wait) < 0:
            raise SettingError("a budget's tokens, seconds and waits must be 0 or more.")

    def wait(self, failed: int, asked: float = 0.0) -> float:
        """Seconds to wait after ``failed`` tries, of which the server asked for ``asked``."""
        return min(max(asked, self.first_wait * 2 ** (failed - 1)), self.longest_wait)


@dataclass(slots=True)
class Budget:
    """What a run has spent.

    Args:
        settings: The limits.
        tokens: Spent so far.
        answers: Got so far.
    """

    settings: BudgetSettings = field(default_factory=BudgetSettings)
    tokens: int = 0
    answers: int = 0
    started: float = field(default_factory=time.monotonic)

    def room(self, tokens: int) -> bool:
        """Whether that many more tokens may be spent, and there is time."""
        return not self.problem(tokens)

    def problem(self, tokens: int = 0) -> str:
        """Why nothing more may be asked, or ``""``."""
        limits = self.settings
        if limits.tokens and self.tokens + tokens > limits.tokens:
            return f"the budget of {limits.tokens:,} tokens is spent ({self.tokens:,} so far)"
        if limits.seconds and time.monotonic() - self.started >= limits.seconds:
            return f"the budget of {limits.seconds:g} seconds is spent"
        return ""

    def exhausted(self, problem: str, missing: int) -> AnnotationError:
        """The error that tells what is missing and that the rest is kept."""
        return AnnotationError(
            f"{problem}; {missing:,} answers are missing. {self.answers:,} new ones are kept: raise the budget and "
            "run the same command again to go on from there."
        )
