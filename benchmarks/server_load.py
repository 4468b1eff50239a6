"""Load on `erckit serve` over loopback: the highest rate it sustains, latencies, memory, and what happens beyond.

Run from the repository root on an idle machine:
    python benchmarks/server_load.py [--seconds 60] [--minutes 10] [--rate N] [--out FILE]

Four parts, each against a server process of its own:
1. closed loop: --clients ask without pause for 10 s; what they get through is the first guess of the highest rate.
2. open loop: requests begin at a fixed rate whatever became of the earlier ones, so that waiting is not hidden. The
   rate begins at 90 % of the guess and is lowered by a tenth until no request of --seconds fails. Then --minutes more
   at half of it, while the server's memory is read once a second.
3. beyond: three times the closed loop's rate for a sixth of --seconds. Only 200 and 429 with Retry-After are right.
4. streams: --sockets web sockets, one message at a time each, 100 utterances a conversation: time per utterance by its
   position in the conversation.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from websockets.asyncio.client import connect

from erckit.storage.atomic import write_text

LINES = (
    "I got the job!", "That is wonderful news.", "Are you serious? After all we said yesterday?", "Well, no.",
    "I do not know what to tell you, honestly, I thought that you would be happy about it.", "Leave me alone.",
    "What is for dinner?", "It was only a joke, please do not be angry with me.", "Thank you so much for your help.",
)  # fmt: skip


def conversation(rng: random.Random, utterances: int) -> list[dict[str, str]]:
    """A made-up conversation of two."""
    return [{"speaker": ("Ana", "Ben")[n % 2], "text": rng.choice(LINES)} for n in range(utterances)]


class Server:
    """``erckit serve`` in a process of its own."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "erckit", "serve", "--port", "0", "--quiet", *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip().rstrip("/")
        if not self.address:
            raise SystemExit("the server did not start")

    def memory(self) -> int:
        """Bytes of memory it has."""
        return int(psutil.Process(self._process.pid).memory_info().rss)

    def stop(self) -> int:
        """Stop it; its exit status."""
        self._process.terminate()
        return self._process.wait(60)


class Tally:
    """Statuses and seconds of requests."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.seconds: list[float] = []
        self.without_advice = 0

    async def ask(self, client: httpx.AsyncClient, utterances: int, rng: random.Random) -> None:
        """One request of one conversation."""
        began = time.perf_counter()
        body = {"conversations": [{"utterances": conversation(rng, utterances)}], "remember": False}
        try:
            answer = await client.post("/v1/label", json=body)
        except httpx.HTTPError as error:
            self.statuses[type(error).__name__] += 1
            return
        self.statuses[str(answer.status_code)] += 1
        if answer.status_code == 200:
            self.seconds.append(time.perf_counter() - began)
        if answer.status_code == 429 and "Retry-After" not in answer.headers:
            self.without_advice += 1

    @property
    def failed(self) -> int:
        """Requests that were not answered with 200."""
        return sum(self.statuses.values()) - self.statuses["200"]

    def summary(self) -> dict[str, Any]:
        """For the result file."""
        return {"statuses": dict(self.statuses), **percentiles(self.seconds)}


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the longest, in milliseconds."""
    if not seconds:
        return {}
    values = 1000 * np.asarray(seconds)
    p50, p95, p99, p100 = (round(float(value), 2) for value in np.percentile(values, (50, 95, 99, 100)))
    return {"p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "max_ms": p100}


def connection(address: str) -> httpx.AsyncClient:
    """Many connections, kept open."""
    return httpx.AsyncClient(
        base_url=address, timeout=60, limits=httpx.Limits(max_connections=2000, max_keepalive_connections=2000)
    )


async def closed_loop(address: str, seconds: float, clients: int, utterances: int) -> tuple[Tally, float]:
    """Clients that ask without pause; what they got through in a second."""
    tally, end = Tally(), time.perf_counter() + seconds
    async with connection(address) as http:

        async def one(seed: int) -> None:
            rng = random.Random(seed)
            while time.perf_counter() < end:
                await tally.ask(http, utterances, rng)

        await asyncio.gather(*(one(seed) for seed in range(clients)))
    return tally, tally.statuses["200"] / seconds


async def open_loop(server: Server, seconds: float, rate: float, utterances: int) -> tuple[Tally, list[int]]:
    """Requests that begin at a fixed rate; the server's memory, once a second."""
    tally, rng, memory = Tally(), random.Random(0), []
    began, tasks = time.perf_counter(), set()
    async with connection(server.address) as http:
        for n in range(int(seconds * rate)):
            await asyncio.sleep(max(0.0, began + n / rate - time.perf_counter()))
            task = asyncio.create_task(tally.ask(http, utterances, rng))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            if n % max(1, int(rate)) == 0:
                memory.append(server.memory())
        await asyncio.gather(*tasks)
    return tally, memory


async def streams(address: str, sockets: int, seconds: float, length: int = 100) -> dict[str, Any]:
    """Conversations over web sockets; seconds per utterance, early and late in the conversation."""
    early: list[float] = []
    late: list[float] = []
    every: list[float] = []
    failed, end = 0, time.perf_counter() + seconds

    async def one(number: int) -> None:
        nonlocal failed
        rng, talk = random.Random(number), 0
        async with connect(address.replace("http", "ws", 1) + "/v1/stream", compression=None) as socket:
            while time.perf_counter() < end:
                talk += 1
                for position, said in enumerate(conversation(rng, length)):
                    message = {"conversation": f"{number}-{talk}", **said}
                    began = time.perf_counter()
                    await socket.send(json.dumps(message))
                    answer = json.loads(await socket.recv())
                    took = time.perf_counter() - began
                    failed += "label" not in answer
                    every.append(took)
                    if 5 <= position < 15:
                        early.append(took)
                    elif position >= length - 10:
                        late.append(took)

    await asyncio.gather(*(one(number) for number in range(sockets)))
    return {
        "sockets": sockets,
        "utterances": len(every),
        "failed": failed,
        "all": percentiles(every),
        "utterances_5_to_14": percentiles(early),
        f"utterances_{length - 10}_to_{length - 1}": percentiles(late),
    }


async def sustained(server: Server, first: float, seconds: float, utterances: int) -> tuple[float, Tally]:
    """The highest rate, lowered from ``first`` by a tenth at a time, at which nothing fails."""
    rate = first
    while rate >= 1:
        tally, _ = await open_loop(server, seconds, rate, utterances)
        print(f"  {rate:.1f} requests/s for {seconds:g} s: {tally.summary()}", flush=True)
        # All answered, and none so late that a queue must have grown.
        if not tally.failed and percentiles(tally.seconds)["p99_ms"] < 5000:
            return rate, tally
        rate *= 0.9
    raise SystemExit("no rate of 1 request a second or more is sustained")


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """All four parts."""
    arguments = ["--model", options.model] if options.model else []
    server = Server(arguments)
    try:
        await closed_loop(server.address, min(2, options.seconds), options.clients, options.utterances)  # warm
        tally, guess = await closed_loop(server.address, min(10, options.seconds), options.clients, options.utterances)
        print(f"closed loop, {options.clients} clients: {guess:.1f} requests/s, {tally.summary()}", flush=True)
        found: dict[str, Any] = {
            "closed_loop": {"clients": options.clients, "rate": round(guess, 1), **tally.summary()}
        }
        rate, tally = await sustained(server, options.rate or 0.9 * guess, options.seconds, options.utterances)
        found["sustained"] = {"rate": round(rate, 1), "seconds": options.seconds, **tally.summary()}
        if options.minutes:
            tally, memory = await open_loop(server, 60 * options.minutes, rate / 2, options.utterances)
            # The first tenth lets allocators fill up.
            start = memory[len(memory) // 10]
            found["memory"] = {
                "minutes": options.minutes,
                "rate": round(rate / 2, 1),
                "first_mb": round(start / 2**20, 1),
                "last_mb": round(memory[-1] / 2**20, 1),
                "growth_percent": round(100 * (memory[-1] - start) / start, 2),
                **tally.summary(),
            }
            print(f"memory: {found['memory']}", flush=True)
        tally, _ = await open_loop(
            server, max(min(5.0, options.seconds), options.seconds / 6), 3 * guess, options.utterances
        )
        found["beyond"] = {"rate": round(3 * guess, 1), "429_without_advice": tally.without_advice, **tally.summary()}
        print(f"beyond: {found['beyond']}", flush=True)
        async with connection(server.address) as http:
            found["well_afterwards"] = (await http.get("/health")).status_code == 200
    finally:
        found_exit = server.stop()
    found["exit_status"] = found_exit
    server = Server(arguments)
    try:
        await streams(server.address, 1, min(2, options.seconds))
        found["streams"] = [await streams(server.address, n, options.seconds / 4) for n in (1, options.sockets)]
        print(f"streams: {found['streams']}", flush=True)
    finally:
        server.stop()
    return found


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--minutes", type=float, default=10.0, help="of the memory's watch; 0 leaves it out")
    parser.add_argument("--rate", type=float, help="requests a second to begin with instead of the guess")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--sockets", type=int, default=8)
    parser.add_argument("--utterances", type=int, default=6, help="of a request")
    parser.add_argument("--model")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "server_load.json")
    options = parser.parse_args(argv)
    found = asyncio.run(run(options))
    result = {
        "what": "erckit serve under load on loopback",
        "utterances_a_request": options.utterances,
        "machine": {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(),
                    "python": platform.python_version(), "threads": os.environ.get("OMP_NUM_THREADS", "default")},
        **found,
    }  # fmt: skip
    write_text(options.out, json.dumps(result, indent=1) + "\n")
    print(f"wrote {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
