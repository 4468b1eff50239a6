"""The one thread that owns the models, and the bounded queue before it."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from erckit.server.guards.refusal import Refusal

BATCH_UTTERANCES = 128  # utterances of several requests that are worked on together
URGENT_IN_A_ROW = 4  # calls for streams, before one for whole requests
_LONGEST_ADVICE = 60  # seconds of Retry-After


class GivenUpError(Exception):
    """Nobody waits for what is being done; raised by what does it, between two batches."""


@dataclass(slots=True, eq=False)
class Job:
    """Work that waits for the models.

    Args:
        key: Jobs of equal keys may be done in one call; None stands alone.
        payload: What the call gets of it.
        utterances: Its size.
        urgent: Goes before jobs that are not: somebody waits for one message.
        owner: Whose it is; owners take turns.
        future: Gets its result.
        put: When it came, in seconds of ``time.monotonic``.
        is_given_up: Nobody waits for its result any more.
    """

    key: Hashable
    payload: Any
    utterances: int
    urgent: bool
    owner: Hashable = None
    future: Future[Any] = field(default_factory=Future)
    put: float = field(default_factory=time.monotonic)
    is_given_up: bool = False


class Lane:
    """Jobs that wait, a queue for each owner; next is who has had the fewest utterances done so far."""

    def __init__(self) -> None:
        self._queues: OrderedDict[Hashable, deque[Job]] = OrderedDict()
        self._done: dict[Hashable, int] = {}  # utterances, of owners with jobs that wait

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def __bool__(self) -> bool:
        return bool(self._queues)

    def of(self, owner: Hashable) -> Sequence[Job]:
        """Jobs of one owner that wait."""
        return self._queues.get(owner, ())

    def put(self, job: Job) -> None:
        """Behind the other jobs of its owner; an owner who had none begins level with the others."""
        self._done.setdefault(job.owner, min(self._done.values(), default=0))
        self._queues.setdefault(job.owner, deque()).append(job)

    def drop(self, job: Job) -> bool:
        """Take a job out; False where it does not wait here."""
        queue = self._queues.get(job.owner, deque())
        if job not in queue:
            return False
        queue.remove(job)
        if not queue:
            del self._queues[job.owner], self._done[job.owner]
        return True

    def take(self, most: int) -> list[Job]:
        """The next owner's first job, and jobs that can be done in the same call, at most so many utterances.

        These are taken from all owners in turn, each owner's in their order.
        """
        owner = min(self._queues, key=self._done.__getitem__)  # of equals, the one who waits longest
        taken = [self._queues[owner].popleft()]
        self._queues.move_to_end(owner)
        size = taken[0].utterances
        if taken[0].key is not None:
            sources = [self._fitting(q, taken[0].key) for q in self._queues.values()]
            while sources and size < most:
                for source in list(sources):
                    job = next(source, None)
                    if job is None:
                        sources.remove(source)
                    elif size + job.utterances <= most:
                        taken.append(job)
                        size += job.utterances
            chosen = {id(job) for job in taken[1:]}
            for name, jobs in self._queues.items():
                self._queues[name] = deque(job for job in jobs if id(job) not in chosen)
        for job in taken:
            self._done[job.owner] += job.utterances
        for name in [name for name, jobs in self._queues.items() if not jobs]:
            del self._queues[name], self._done[name]
        return taken

    @staticmethod
    def _fitting(queue: Sequence[Job], key: Hashable) -> Iterator[Job]:
        return (job for job in queue if job.key == key)


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
        owner_share: Part of both that the jobs of one owner may take, above 0, at most 1.
    """

    def __init__(
        self,
        run: Callable[[Any, Sequence[Any]], Sequence[Any]],
        most_jobs: int,
        most_seconds: float,
        report: Callable[[Batch], None] = lambda batch: None,
        owner_share: float = 1.0,
    ) -> None:
        self._run, self._report = run, report
        self._most_jobs, self._most_seconds, self._share = most_jobs, most_seconds, owner_share
        self._urgent, self._others = Lane(), Lane()
        self._urgent_calls = 0  # in a row
        self._running: Sequence[Job] = ()
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

    def is_given_up(self) -> bool:
        """Whether nobody waits any more for what is being done now; asked in the thread."""
        return bool(self._running) and all(job.is_given_up for job in self._running)

    async def do(
        self, key: Hashable, payload: Any, utterances: int = 1, urgent: bool = False, owner: Hashable = None
    ) -> Any:
        """Put a job and wait for its result.

        When the caller is cancelled, a job that still waits is dropped; one that is being done is marked, so that it
        can end between two batches.

        Raises:
            Refusal: 429, too much waits already.
            Exception: Whatever the job's call raised.
        """
        job = self._put(Job(key, payload, utterances, urgent, owner))
        try:
            return await asyncio.wrap_future(job.future)
        except asyncio.CancelledError:
            job.is_given_up = True
            with self._changed:
                if self._urgent.drop(job) or self._others.drop(job):
                    self._waiting_utterances -= job.utterances
            raise

    def put(
        self, key: Hashable, payload: Any, utterances: int = 1, urgent: bool = False, owner: Hashable = None
    ) -> Future[Any]:
        """Put a job; its future gets the result.

        Raises:
            Refusal: As for :meth:`do`.
        """
        return self._put(Job(key, payload, utterances, urgent, owner)).future

    def _put(self, job: Job) -> Job:
        with self._changed:
            seconds = self._waiting_utterances * self._seconds_per_utterance
            if self._is_stopping:
                raise Refusal(503, "stopping", "the server is stopping. Try again in a moment.", {"Retry-After": "1"})
            own = [*self._urgent.of(job.owner), *self._others.of(job.owner)]
            own_seconds = sum(one.utterances for one in own) * self._seconds_per_utterance
            if (
                self.waiting >= self._most_jobs
                or seconds > self._most_seconds
                or len(own) >= max(1, self._share * self._most_jobs)
                or own_seconds > self._share * self._most_seconds
            ):
                raise overloaded(seconds)
            (self._urgent if job.urgent else self._others).put(job)
            self._waiting_utterances += job.utterances
            self._changed.notify()
        return job

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
            # One call in a few is for whole requests, however many messages of streams wait.
            is_urgent = bool(self._urgent) and (self._urgent_calls < URGENT_IN_A_ROW or not self._others)
            self._urgent_calls = self._urgent_calls + 1 if is_urgent else 0
            taken = (self._urgent if is_urgent else self._others).take(BATCH_UTTERANCES)
            self._waiting_utterances -= sum(job.utterances for job in taken)
            return taken

    def _do(self, jobs: list[Job]) -> None:
        began, self._running = time.monotonic(), jobs
        try:
            results = self._run(jobs[0].key, [job.payload for job in jobs])
        except Exception as error:
            if len(jobs) > 1 and not jobs[0].urgent and not isinstance(error, GivenUpError):
                # One job must not spoil its neighbours' answers. Streams are not tried again: part may have been kept.
                for job in jobs:
                    if job.is_given_up:
                        job.future.set_exception(GivenUpError())
                    else:
                        self._do([job])
                return
            for job in jobs:
                job.future.set_exception(error)
            return
        finally:
            self._running = ()
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
