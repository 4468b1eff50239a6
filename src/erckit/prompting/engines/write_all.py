"""Gets requests answered: from the cache, else by an engine, with retries, within a budget."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from erckit.errors import AnnotationError
from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.budget import Budget
from erckit.prompting.engines.engine import Engine
from erckit.prompting.engines.request import Completion, Failure, Request

_WARM = 0.7  # temperature of a further try where the likeliest answer was of no use
_TOLD_WAIT = 60.0  # seconds; a longer wait is told
_LISTED = 3  # requests without an answer that an error names


def write_all(
    requests: Sequence[Request],
    engine: Engine,
    cache: AnnotationCache,
    budget: Budget,
    report: Callable[[int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Clean answers to requests, in their order; every new one is kept before the next is asked for.

    A request that is refused or fails too often is left behind while others are answered; ``at_once`` of them in a
    row end it.

    Args:
        requests: Equal ones are asked once.
        engine: Who answers.
        cache: Where answers are looked for and kept.
        budget: What may be spent; counted on.
        report: Called with the number of requests that were answered since.
        sleep: Waits some seconds.

    Raises:
        AnnotationError: Some requests got no answer, none can get one, or the budget is spent. What was answered is
            kept.
    """
    writing = _Writing(engine, cache, budget, report or (lambda number: None))
    for request in requests:
        writing.add(request)
    writing.report(len(requests) - len(writing.waiting))
    try:
        with budget.clock():
            while writing.waiting:
                writing.ask_some()
                if writing.pause and writing.waiting:
                    sleep(min(writing.pause, budget.time_left()))
    finally:
        budget.reserved -= writing.reserved  # an interrupt leaves requests under way
    if writing.lost:
        raise writing.given_up(writing.lost[0])
    return [writing.answers[cache.key(request)] for request in requests]


@dataclass(slots=True)
class _Open:
    """A request that has no answer yet.

    Args:
        request: What is asked.
        failed: Tries that brought no answer.
        useless: Tries that brought one of no use.
        reason: What became of the last one.
        is_final: Whether it was refused for good.
    """

    request: Request
    failed: int = 0
    useless: int = 0
    reason: str = ""
    is_final: bool = False

    @property
    def tries(self) -> int:
        return self.failed + self.useless


class _Writing:
    """Where one call of ``write_all`` stands."""

    def __init__(self, engine: Engine, cache: AnnotationCache, budget: Budget, report: Callable[[int], None]) -> None:
        self.engine, self.cache, self.budget, self.report = engine, cache, budget, report
        self.answers: dict[str, str] = {}
        self.waiting: dict[str, _Open] = {}
        self.lost: list[_Open] = []
        self.reserved = 0  # of the budget, by requests under way
        self.pause = 0.0  # seconds before the next try
        self._in_a_row = 0  # requests that were lost since the last answer
        self._stop: _Open | None = None  # the request that showed that asking on is of no use
        self._problem = ""

    def add(self, request: Request) -> None:
        """Take a request from the cache, or put it among those that wait."""
        kept = self.cache.get(request)
        if kept is not None:
            self.answers[self.cache.key(request)] = kept
        else:
            self.waiting.setdefault(self.cache.key(request), _Open(request))

    def ask_some(self) -> None:
        """Try the next requests once: those that were tried before first, all of one temperature."""
        tried = {key: one for key, one in self.waiting.items() if one.tries}
        chosen = tried or self.waiting
        is_warm = bool(next(iter(chosen.values())).useless)
        wave = [key for key, one in chosen.items() if bool(one.useless) == is_warm][: self.engine.at_once]
        self.pause, self._problem, asked = 0.0, "", 0
        requests = [self.waiting[key].request for key in wave]
        for place, result in self.engine.complete(requests, _WARM if is_warm else 0.0, self._leave):
            self._take(wave[place], result)
            asked += 1
        if self._stop is not None:  # told once the others, which are paid for, are kept
            raise self.given_up(self._stop)
        if not asked:
            raise self.budget.exhausted(self._problem, len(self.waiting) + len(self.lost))
        if self.pause > _TOLD_WAIT and self.waiting and sys.stderr is not None:
            sys.stderr.write(f"note: {self.engine.title} asks to wait {self.pause:,.0f} seconds; waiting.\n")

    def given_up(self, one: _Open) -> AnnotationError:
        """The error that tells of one request, names the others that were lost, and that the rest is kept."""
        tried = "" if one.is_final else f" after {one.tries} {'try' if one.tries == 1 else 'tries'}"
        missing = len(self.waiting) + len(self.lost)
        end = "" if one.reason.endswith((".", "?", "!")) else "."
        listed = self._listed(one.reason)
        return AnnotationError(
            f"{self.engine.title}: no answer{tried}: {one.reason}{end} {missing:,} are missing; the "
            f"{self.budget.answers:,} new ones are kept, and the same command goes on from there.{listed}"
        )

    def _listed(self, told: str) -> str:
        if not self.lost:
            return ""
        named = [
            f"{one.request.kind} of {_shortened(one.request.user)}{f' ({one.reason})' if one.reason != told else ''}"
            for one in self.lost[:_LISTED]
        ]
        more = f", and {len(self.lost) - _LISTED:,} more" if len(self.lost) > _LISTED else ""
        return f" Not answered: {', '.join(named)}{more}."

    def _leave(self, request: Request) -> float:
        if self._stop is not None:
            return 0.0
        self._problem = self.budget.problem(request.tokens)
        if self._problem:
            return 0.0
        self.reserved += request.tokens
        self.budget.reserved += request.tokens
        return self.budget.time_left()

    def _take(self, key: str, result: Completion | Failure) -> None:
        one = self.waiting[key]
        self.reserved -= one.request.tokens
        self.budget.reserved -= one.request.tokens
        self.budget.tokens += result.tokens
        if isinstance(result, Completion):
            text = one.request.cleaned(result)
            if text:
                self._keep(key, text)
                self._in_a_row = 0
                return
            one.useless += 1
            one.reason = f"the answer is of no use: {result.note or _shortened(result.text) or 'it is empty'}"
            if one.tries >= self.budget.settings.tries and one.request.otherwise is not None:
                self._keep(key, one.request.otherwise)
                return
        else:
            one.failed += 1
            one.reason, one.is_final = result.reason, result.is_final
        asked = result.wait if isinstance(result, Failure) else 0.0
        if asked > self.budget.longest_wait():
            one.reason += f", and asks to wait {asked:,.0f} seconds, which is longer than the budget allows"
            self._stop = one
        elif isinstance(result, Failure) and result.stops:
            self._stop = one
        elif one.is_final or one.tries >= self.budget.settings.tries:
            self.lost.append(self.waiting.pop(key))
            self.pause = max(self.pause, asked)
            self._in_a_row += 1
            if self._in_a_row >= self.engine.at_once:
                self._stop = one
        else:
            self.pause = max(self.pause, self.budget.settings.wait(one.tries, asked))

    def _keep(self, key: str, text: str) -> None:
        self.cache.add(self.waiting.pop(key).request, text)
        self.budget.answers += 1
        self.answers[key] = text
        self.report(1)


def _shortened(text: str) -> str:
    shown = " ".join(text.split())
    return repr(shown[:60]) if shown else ""
