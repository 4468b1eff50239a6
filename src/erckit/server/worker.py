"""The one thread that owns the models, and the bounded queue before it."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from erckit.server.guards.refusal import Refusal

BATCH_UTTERANCES = 128  # utterances of several requests that are worked on together
_LONGEST_ADVICE = 60  # seconds of Retry-After


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """Work that waits for the models.

    Args:
        key: Jobs of equal keys may be done in one call; None stands alone.
        payload: What the call gets of it.
        utterances: Its size.
        urgent: Goes before jobs that are not: somebody waits for one message.
        future: Gets its result.
        put: When it came, in seconds of ``time.monotonic``.
    """

    key: Hashable
    payload: Any
    utterances: int
    urgent: bool
    future: Future[Any] = field(default_factory=Future)
    put: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Batch:
    """What was done in one call, for the counters.

    Args:
        key: The jobs' key.
        utterances: Their size together.
        seconds: Of the call.
        waited: Seconds each job waited before it.
    """

    key: Hashable
    utterances: int
    seconds: float
    waited: tuple[float, ...]


class Worker:
    """Does jobs one call at a time, several jobs of one key in a call.

    Nothing waits for a batch to fill: whatever has come while the last call ran goes into the next one.

    Args:
        run: Called in the thread with a key and the payloads of its jobs; returns a result for each.
        most_jobs: Jobs that may wait; a further one is refused with 429.
        most_seconds: Jobs are also refused while those before them will take longer than this.
        report: Called in the thread after every call.
    """

    def __init__(
        self,
        run: Callable[[Any, Sequence[Any]], Sequence[Any]],
        most_jobs: int,
        most_seconds: float,
        report: Callable[[Batch], None] = lambda batch: None,
    ) -> None:
        self._run, self._report = run, report
        self._most_jobs, self._most_seconds = most_jobs, most_seconds
        self._urgent: deque[Job] = deque()
        self._others: deque[Job] = deque()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._seconds_per_utterance = 0.0  # smoothed over calls; 0 until the first
        self._waiting_utterances = 0

    def start(self) -> None:
        """Start the thread, after :meth:`stop` anew."""
        self._is_stopping = False
        self._thread = threading.Thread(target=self._work, name="erckit-models", daemon=True)
        self._thread.start()

    def stop(self, seconds: float | None = None) -> None:
        """Finish what waits, then end the thread; wait for that at most so long."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)

    @property
    def waiting(self) -> int:
        """Jobs that wait."""
        return len(self._urgent) + len(self._others)

    @property
    def waiting_utterances(self) -> int:
        """Utterances that wait."""
        return self._waiting_utterances

    async def do(self, key: Hashable, payload: Any, utterances: int = 1, urgent: bool = False) -> Any:
        """Put a job and wait for its result; when the caller is cancelled, a job that still waits is dropped.

        Raises:
            Refusal: 429, too much waits already.
            Exception: Whatever the job's call raised.
        """
        return await asyncio.wrap_future(self.put(key, payload, utterances, urgent))

    def put(self, key: Hashable, payload: Any, utterances: int = 1, urgent: bool = False) -> Future[Any]:
        """Put a job; its future gets the result.

        Raises:
            Refusal: As for :meth:`do`.
        """
        job = Job(key, payload, utterances, urgent)
        with self._changed:
            seconds = self._waiting_utterances * self._seconds_per_utterance
            if self._is_stopping:
                raise Refusal(503, "stopping", "the server is stopping. Try again in a moment.", {"Retry-After": "1"})
            if self.waiting >= self._most_jobs or seconds > self._most_seconds:
                raise overloaded(seconds)
            (self._urgent if urgent else self._others).append(job)
            self._waiting_utterances += utterances
            self._changed.notify()
        return job.future

    def _work(self) -> None:
        while jobs := self._take():
            ready = [job for job in jobs if job.future.set_running_or_notify_cancel()]
            if ready:
                self._do(ready)

    def _take(self) -> list[Job]:
        """The next job, and those behind it that can be done in the same call; none when stopped and done."""
        with self._changed:
            while not self.waiting and not self._is_stopping:
                self._changed.wait()
            if not self.waiting:
                return []
            queue = self._urgent or self._others
            taken = [queue.popleft()]
            size = taken[0].utterances
            if taken[0].key is not None:
                kept: list[Job] = []
                while queue and size < BATCH_UTTERANCES:
                    job = queue.popleft()
                    if job.key == taken[0].key and size + job.utterances <= BATCH_UTTERANCES:
                        taken.append(job)
                        size += job.utterances
                    else:
                        kept.append(job)
                queue.extendleft(reversed(kept))
            self._waiting_utterances -= sum(job.utterances for job in taken)
            return taken

    def _do(self, jobs: list[Job]) -> None:
        began = time.monotonic()
        try:
            results = self._run(jobs[0].key, [job.payload for job in jobs])
        except Exception as error:
            if len(jobs) > 1 and not jobs[0].urgent:
                # One job must not spoil its neighbours' answers. Streams are not tried again: part may have been kept.
                for job in jobs:
                    self._do([job])
                return
            for job in jobs:
                job.future.set_exception(error)
            return
        seconds, size = time.monotonic() - began, sum(job.utterances for job in jobs)
        if jobs[0].key is not None and not jobs[0].urgent:  # other calls say little about how fast a queue is done
            self._learn(seconds / max(size, 1))
        for job, result in zip(jobs, results, strict=True):
            job.future.set_result(result)
        self._report(Batch(jobs[0].key, size, seconds, tuple(began - job.put for job in jobs)))

    def _learn(self, seconds: float) -> None:
        known = self._seconds_per_utterance
        self._seconds_per_utterance = seconds if not known else 0.8 * known + 0.2 * seconds


def overloaded(seconds: float = 1.0) -> Refusal:
    """The answer when too much waits: try again after the time that what waits will take."""
    advice = min(max(math.ceil(seconds), 1), _LONGEST_ADVICE)
    return Refusal(
        429, "overloaded", f"the server is busy. Try again in {advice} s.", headers={"Retry-After": str(advice)}
    )
