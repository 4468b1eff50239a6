"""The queue before the models."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from erckit.server.guards.refusal import Refusal
from erckit.server.worker import BATCH_UTTERANCES, URGENT_IN_A_ROW, Batch, GivenUpError, Worker


class Held:
    """A ``run`` that waits until it may go on and writes down its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, list[Any]]] = []
        self.open = threading.Event()
        self.is_in = threading.Event()

    def __call__(self, key: Any, payloads: Sequence[Any]) -> list[Any]:
        self.calls.append((key, list(payloads)))
        self.is_in.set()
        assert self.open.wait(10)
        if "bad" in payloads:
            raise ValueError("bad")
        return [f"{key}:{payload}" for payload in payloads]


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def worker(held: Held) -> Iterator[Worker]:
    made = Worker(held, most_jobs=200, most_seconds=1e9)
    made.start()
    # Something that keeps the thread busy while a test fills the queue.
    made.put("first", 0)
    assert held.is_in.wait(10)
    yield made
    held.open.set()
    made.stop()


def test_jobs_of_one_key_share_a_call_in_order(worker: Worker, held: Held) -> None:
    futures = [worker.put("ab"[n % 2], n) for n in range(10)]
    held.open.set()
    assert [future.result(10) for future in futures] == [f"{'ab'[n % 2]}:{n}" for n in range(10)]
    assert held.calls[1:] == [("a", [0, 2, 4, 6, 8]), ("b", [1, 3, 5, 7, 9])]


def test_jobs_without_a_key_stand_alone(worker: Worker, held: Held) -> None:
    futures = [worker.put(None, n) for n in range(3)]
    held.open.set()
    assert [future.result(10) for future in futures] == ["None:0", "None:1", "None:2"]
    assert [payloads for _, payloads in held.calls[1:]] == [[0], [1], [2]]


def test_calls_are_bounded_but_a_large_job_is_done(worker: Worker, held: Held) -> None:
    rng = random.Random(0)
    sizes = [rng.choice([1, 5, 60, 128, 500]) for _ in range(40)]
    futures = [worker.put("a", (n, size), size) for n, size in enumerate(sizes)]
    held.open.set()
    for future in futures:
        future.result(10)
    done = [payload for _, payloads in held.calls[1:] for payload in payloads]
    assert sorted(done) == list(enumerate(sizes))
    for _, payloads in held.calls[1:]:
        assert len(payloads) == 1 or sum(size for _, size in payloads) <= BATCH_UTTERANCES


def test_urgent_jobs_go_first(worker: Worker, held: Held) -> None:
    futures = [worker.put("slow", 1), worker.put("fast", 2, urgent=True)]
    held.open.set()
    for future in futures:
        future.result(10)
    assert [key for key, _ in held.calls] == ["first", "fast", "slow"]


def test_one_bad_job_does_not_spoil_the_others(worker: Worker, held: Held) -> None:
    futures = [worker.put("a", payload) for payload in ("x", "bad", "y")]
    held.open.set()
    assert (futures[0].result(10), futures[2].result(10)) == ("a:x", "a:y")
    assert isinstance(futures[1].exception(10), ValueError)


def test_urgent_jobs_are_not_done_twice(worker: Worker, held: Held) -> None:
    futures = [worker.put("a", payload, urgent=True) for payload in ("x", "bad")]
    held.open.set()
    assert all(isinstance(future.exception(10), ValueError) for future in futures)
    assert held.calls[1:] == [("a", ["x", "bad"])]


def test_jobs_nobody_waits_for_are_dropped(worker: Worker, held: Held) -> None:
    async def give_up() -> None:
        asked = asyncio.create_task(worker.do("a", "nobody"))
        await asyncio.sleep(0.05)
        assert (worker.waiting, worker.waiting_utterances) == (1, 1)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    # In a thread of its own: a browser test of the same process leaves an event loop running in the main one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, give_up()).result()
    # At once: what is given up must not have the next one refused.
    assert (worker.waiting, worker.waiting_utterances) == (0, 0)
    kept = worker.put("b", "somebody")
    held.open.set()
    assert kept.result(10) == "b:somebody"
    assert [key for key, _ in held.calls] == ["first", "b"]
    assert (worker.waiting, worker.waiting_utterances) == (0, 0)


def test_a_full_queue_refuses(held: Held) -> None:
    worker = Worker(held, most_jobs=2, most_seconds=1e9)
    worker.start()
    worker.put("a", 1)
    assert held.is_in.wait(10)
    kept = [worker.put("a", n) for n in (2, 3)]
    with pytest.raises(Refusal) as refused:
        worker.put("a", 4)
    assert refused.value.status_code == 429
    held.open.set()
    assert [future.result(10) for future in kept] == ["a:2", "a:3"]
    worker.stop()


def test_a_queue_that_would_take_too_long_refuses_and_says_how_long() -> None:
    reports: list[Batch] = []
    held = Held()
    worker = Worker(held, most_jobs=100, most_seconds=10, report=reports.append)
    worker._seconds_per_utterance = 0.5
    worker.start()
    worker.put("busy", 0)
    assert held.is_in.wait(10)
    taken = worker.put("a", 1, utterances=30)
    with pytest.raises(Refusal) as refused:
        worker.put("a", 2, utterances=1)
    assert refused.value.headers == {"Retry-After": "15"}
    held.open.set()
    taken.result(10)
    worker.stop()
    assert [(batch.key, batch.utterances) for batch in reports] == [("busy", 1), ("a", 30)]


def test_one_slow_call_of_another_kind_does_not_refuse_the_next() -> None:
    worker = Worker(lambda key, payloads: [time.sleep(payload) for payload in payloads], 100, most_seconds=60)
    worker.start()
    worker.put("a", 0.0).result(10)
    worker.put(None, 0.3).result(10)
    worker.put("stream", 0.3, urgent=True).result(10)
    for _ in range(3):
        worker.put("a", 0.0, utterances=500)
    worker.stop()


def test_stopping_finishes_what_waits(held: Held) -> None:
    worker = Worker(held, most_jobs=100, most_seconds=1e9)
    worker.start()
    futures = [worker.put(None, n) for n in range(5)]
    held.open.set()
    worker.stop()
    assert all(future.done() for future in futures)
    with pytest.raises(Refusal) as refused:
        worker.put("a", 1)
    assert refused.value.status_code == 503


def test_owners_take_turns(worker: Worker, held: Held) -> None:
    greedy = [worker.put(("greedy", n), n, owner="greedy") for n in range(20)]
    modest = [worker.put(("modest", n), n, owner=f"modest {n}") for n in range(3)]
    held.open.set()
    for future in (*greedy, *modest):
        future.result(10)
    order = [key[0] for key, _ in held.calls[1:]]
    assert [n for n, name in enumerate(order) if name == "modest"] == [1, 2, 3]


def test_jobs_of_several_owners_share_a_call_in_turn(worker: Worker, held: Held) -> None:
    """A call has room for 128: the greedy one must not fill it alone."""
    futures = [worker.put("a", ("greedy", n), 10, owner="greedy") for n in range(30)]
    futures += [worker.put("a", ("modest", n), 10, owner="modest") for n in range(3)]
    held.open.set()
    for future in futures:
        future.result(10)
    first = held.calls[1][1]
    assert sum(name == "modest" for name, _ in first) == 3
    for owner in ("greedy", "modest"):
        done = [n for _, payloads in held.calls[1:] for name, n in payloads if name == owner]
        assert done == sorted(done)


def test_messages_of_streams_do_not_hold_up_requests(worker: Worker, held: Held) -> None:
    streams = [worker.put(None, n, urgent=True) for n in range(20)]
    request = worker.put("request", 1)
    held.open.set()
    for future in (*streams, request):
        future.result(10)
    assert [key for key, _ in held.calls[1:]].index("request") == URGENT_IN_A_ROW


def test_an_owner_has_a_share_of_the_queue(held: Held) -> None:
    worker = Worker(held, most_jobs=8, most_seconds=1e9, owner_share=0.25)
    worker.start()
    worker.put("first", 0)
    assert held.is_in.wait(10)
    futures = [worker.put("a", n, owner="greedy") for n in range(2)]
    with pytest.raises(Refusal):
        worker.put("a", 3, owner="greedy")
    futures.append(worker.put("a", 1, owner="modest"))
    held.open.set()
    for future in futures:
        future.result(10)
    worker.stop()


def test_work_ends_between_batches_when_its_client_has_left() -> None:
    begun, ended = threading.Event(), threading.Event()

    def run(key: Any, payloads: Sequence[Any]) -> Sequence[Any]:
        begun.set()
        for _ in range(1000):
            if worker.is_given_up():
                ended.set()
                raise GivenUpError
            time.sleep(0.005)
        return payloads

    worker = Worker(run, most_jobs=10, most_seconds=1e9)
    worker.start()

    async def leave() -> None:
        asked = asyncio.create_task(worker.do("a", 1))
        await asyncio.to_thread(begun.wait, 10)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, leave()).result()
    assert ended.wait(10)
    worker.stop()


def test_a_call_goes_on_while_one_of_its_clients_waits() -> None:
    """Two requests in one call, one of them given up: the other one gets its answer."""
    is_open, first = threading.Event(), threading.Event()
    seen: list[bool] = []

    def run(key: Any, payloads: Sequence[Any]) -> Sequence[Any]:
        first.set()
        assert is_open.wait(10)
        time.sleep(0.05)
        seen.append(worker.is_given_up())
        return payloads

    worker = Worker(run, most_jobs=10, most_seconds=1e9)
    worker.start()
    worker.put("first", 0)
    assert first.wait(10)

    async def ask() -> Any:
        left, kept = asyncio.create_task(worker.do("a", 1)), asyncio.create_task(worker.do("a", 2))
        await asyncio.sleep(0.05)
        is_open.set()
        await asyncio.sleep(0.07)
        left.cancel()
        return await kept

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(asyncio.run, ask()).result() == 2
    assert not any(seen)
    worker.stop()


def test_turns_are_counted_in_utterances(worker: Worker, held: Held) -> None:
    """A large request of one owner is followed by as much of the others, not by one small request of each."""
    futures = [worker.put(("greedy", n), n, 100, owner="greedy") for n in range(3)]
    futures += [worker.put(("modest", n), n, 10, owner="modest") for n in range(15)]
    held.open.set()
    for future in futures:
        future.result(10)
    order = [key[0] for key, _ in held.calls[1:]]
    first, second, _ = (n for n, name in enumerate(order) if name == "greedy")
    assert second - first - 1 == 10
