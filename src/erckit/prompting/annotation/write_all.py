"""Gets requests answered: from the cache, else by an engine, with retries, within a budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from erckit.errors import AnnotationError
from erckit.prompting.annotation.annotation_cache import AnnotationCache
from erckit.prompting.annotation.budget import Budget
from erckit.prompting.annotation.engine import Engine
from erckit.prompting.annotation.request import Completion, Failure, Request

_WARM = 0.7  # temperature of a second try: the likeliest answer was of no use


def write_all(
    requests: Sequence[Request],
    engine: Engine,
    cache: AnnotationCache,
    budget: Budget,
    report: Callable[[int], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """Clean answers to requests, in their order; every new one is kept before the next is asked for.

    Args:
        requests: Equal ones are asked once.
        engine: Who answers.
        cache: Where answers are looked for and kept.
        budget: What may be spent; counted on.
        report: Called with the number of requests that were answered since.
        sleep: Waits some seconds.

    Raises:
        AnnotationError: A request fails for good, fails too often, or the budget is spent. What was answered is kept.
    """
    report = report or (lambda number: None)
    answers: dict[str, str] = {}
    waiting: dict[str, tuple[Request, int]] = {}  # key -> request, failed tries
    for request in requests:
        kept = cache.get(request)
        if kept is not None:
            answers[cache.key(request)] = kept
        else:
            waiting.setdefault(cache.key(request), (request, 0))
    report(len(requests) - len(waiting))
    while waiting:
        wave = _next_wave(waiting, engine.at_once, budget)
        tries = [waiting[key][1] for key in wave]
        pause, fatal = 0.0, None
        asked = [waiting[key][0] for key in wave]
        for place, answered in engine.complete(asked, _WARM if tries[0] else 0.0):
            key, request = wave[place], asked[place]
            if isinstance(answered, Failure):
                result = answered
            else:
                budget.tokens += answered.tokens
                text = request.clean(answered.text)
                if text:
                    cache.add(request, text)
                    budget.answers += 1
                    answers[key] = text
                    del waiting[key]
                    report(1)
                    continue
                result = Failure(f"the answer is of no use: {_shortened(answered.text)}")
            failed = tries[place] + 1
            is_over = failed >= budget.settings.tries
            if is_over and request.otherwise is not None and isinstance(answered, Completion):
                cache.add(request, request.otherwise)
                budget.answers += 1
                answers[key] = request.otherwise
                del waiting[key]
                report(1)
                continue
            if result.is_final or is_over:
                fatal = result, failed  # told once the others of the wave, which are paid for, are kept
            waiting[key] = request, failed
            pause = max(pause, budget.settings.wait(failed, result.wait))
        if fatal is not None:
            raise _given_up(engine, *fatal, len(waiting), budget)
        if pause and waiting:
            if budget.settings.seconds:
                pause = min(pause, max(0.0, budget.settings.seconds - (time.monotonic() - budget.started)))
            sleep(pause)
    return [answers[cache.key(request)] for request in requests]


def _next_wave(waiting: dict[str, tuple[Request, int]], size: int, budget: Budget) -> list[str]:
    """Keys of the requests asked next: those that failed first, all of one temperature, as many as may be paid for."""
    is_retry = any(failed for _, failed in waiting.values())
    wave: list[str] = []
    tokens = 0
    for key, (request, failed) in waiting.items():
        if bool(failed) == is_retry and len(wave) < size:
            tokens += request.tokens
            problem = budget.problem(tokens)
            if problem and not wave:
                raise budget.exhausted(problem, len(waiting))
            if problem:
                break
            wave.append(key)
    return wave


def _given_up(engine: Engine, result: Failure, failed: int, missing: int, budget: Budget) -> AnnotationError:
    tried = "" if result.is_final else f" after {failed} {'try' if failed == 1 else 'tries'}"
    return AnnotationError(
        f"{engine.name}: no answer{tried}: {result.reason}. {missing:,} are missing; the {budget.answers:,} new "
        "ones are kept, and the same command goes on from there."
    )


def _shortened(text: str) -> str:
    shown = " ".join(text.split())
    return "it is empty" if not shown else repr(shown[:60])
