"""Streaming: milliseconds per utterance, flat over a conversation, and what a pool gains by batching.

Run from the repository root on an idle machine: python benchmarks/streaming.py [--model everyday] [--threads 2]
[--conversations 200] [--memory DIR] [--out FILE]

Texts are random words of everyday English, 3 to 20 of them, two speakers in turn. Three measurements:

- One conversation at a time: the time of ``add`` for utterance 5, 20, 50 and 100 of each of many conversations. An
    utterance that opens a new segment pays for its left context, too; how many did stands in the result.
- The same 100 utterances labelled anew as a whole after each utterance, which is what a labeler without streams does;
    for utterances 5, 20, 50 and 100 of a few conversations.
- A pool with 1, 8 and 32 conversations, one new utterance of each per call; against the same number of single calls.

Percentiles are taken over conversations. Where other work runs on the machine, the processor time is what
to read, and it, too, is then too high.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from erckit.conversation import Conversation, Utterance
from erckit.labelling import Labeler
from erckit.labelling.stream.stream_pool import StreamPool
from erckit.labelling.stream.stream_state import StreamedUtterance
from erckit.progress import Progress
from erckit.storage.atomic import write_text

PLACES = (5, 20, 50, 100)
WORDS = (
    "I you we they it that this is was are not do did can will have has had know think want need see go come get "
    "really just so very never always maybe today tomorrow yesterday here there why what when how good bad great "
    "sorry thanks please home work phone car money friend mother train dinner late early happy angry sad tired"
).split()


def said(rng: random.Random) -> str:
    """A line of 3 to 20 words."""
    return " ".join(rng.choices(WORDS, k=rng.randint(3, 20))) + "."


def milliseconds(times: list[float]) -> dict[str, float]:
    """Percentiles of times in milliseconds."""
    found = {f"p{q}": round(float(np.percentile(times, q)), 2) for q in (50, 95, 99)}
    return {**found, "least": round(min(times), 2)}


def single(labeler: Labeler, conversations: int, places: Sequence[int], bar: Progress) -> dict[str, Any]:
    """One conversation at a time, as long as the last of ``places``."""
    times: dict[int, list[float]] = {place: [] for place in places}
    every: list[float] = []
    work: list[float] = []
    most = 0
    for c in range(conversations):
        rng, stream = random.Random(c), labeler.stream()
        for place in range(1, max(places) + 1):
            text, worked, began = said(rng), time.process_time(), time.perf_counter()
            stream.add(f"Speaker {place % 2}", text)
            taken = 1000 * (time.perf_counter() - began)
            work.append(1000 * (time.process_time() - worked))
            every.append(taken)
            if place in times:
                times[place].append(taken)
        most = max(most, stream.kept_bytes)
        bar.advance(max(places))
    usual = statistics.median(work)
    return {
        "conversations": conversations,
        "milliseconds": {f"utterance {place}": milliseconds(found) for place, found in times.items()},
        "all utterances": milliseconds(every),
        "all utterances, processor time of all threads": milliseconds(work),
        "share of utterances that took more than 2.5 times the median processor time": round(
            float(np.mean(np.array(work) > 2.5 * usual)), 4
        ),
        "kept_megabytes": round(most / 1e6, 2),
    }


def anew(labeler: Labeler, conversations: int, places: Sequence[int], bar: Progress) -> dict[str, Any]:
    """The whole conversation labelled again for its last utterance."""
    times: dict[int, list[float]] = {place: [] for place in places}
    for c in range(conversations):
        rng = random.Random(c)
        lines = tuple(Utterance(str(i), f"Speaker {i % 2}", said(rng)) for i in range(1, max(places) + 1))
        for place in places:
            began = time.perf_counter()
            labeler.label(Conversation("c", lines[:place]), writes_memory=False)
            times[place].append(1000 * (time.perf_counter() - began))
        bar.advance()
    return {f"utterance {place}": milliseconds(found) for place, found in times.items()}


def pooled(labeler: Labeler, at_a_time: int, calls: int, bar: Progress) -> dict[str, Any]:
    """One new utterance of each of some conversations per call, after 10 that warm up."""
    pool, rng, times = StreamPool(labeler), random.Random(at_a_time), []
    for call in range(10 + calls):
        lines = [StreamedUtterance(str(c), f"Speaker {call % 2}", said(rng)) for c in range(at_a_time)]
        began = time.perf_counter()
        pool.add(lines)
        times.append(1000 * (time.perf_counter() - began))
        bar.advance(at_a_time)
    times = times[10:]
    return {
        "conversations": at_a_time,
        "utterances_per_second": round(1000 * at_a_time * len(times) / sum(times), 1),
        "utterances_per_second_at_the_median": round(1000 * at_a_time / statistics.median(times), 1),
        "milliseconds_per_call": milliseconds(times),
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="everyday")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--utterances", type=int, default=max(PLACES), help="of a conversation, 5 or more")
    parser.add_argument("--calls", type=int, default=40, help="of each pool")
    parser.add_argument("--memory", type=Path, default=None, help="folder of a speaker memory, to measure with one")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "streaming.json")
    arguments = parser.parse_args(argv)
    torch.set_num_threads(arguments.threads)
    result: dict[str, Any] = {
        "model": arguments.model,
        "threads": arguments.threads,
        "processor": platform.processor() or platform.machine(),
        "load_at_the_start": [round(load, 1) for load in os.getloadavg()],  # above 0.5: other work disturbed it
        "speaker_memory": arguments.memory is not None,
    }
    places = [place for place in PLACES if place <= arguments.utterances]
    warm = min(5, arguments.conversations)
    share = max(1, arguments.conversations // 20)
    for precision in ("fp32", "bf16"):
        labeler = Labeler.from_pretrained(arguments.model, precision, memory=arguments.memory)
        total = (
            (arguments.conversations + warm) * max(places) + share + sum(s * (10 + arguments.calls) for s in (1, 8, 32))
        )
        with Progress(total, f"Measuring {precision}") as bar:
            single(labeler, warm, places, bar)  # warm up
            result[precision] = {
                "single": single(labeler, arguments.conversations, places, bar),
                "whole conversation anew": anew(labeler, share, places, bar),
                "pool": [pooled(labeler, size, arguments.calls, bar) for size in (1, 8, 32)],
            }
    result["default_precision"] = Labeler.from_pretrained(arguments.model).precision
    write_text(arguments.out, json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2) + f"\nwrote {arguments.out}")


if __name__ == "__main__":
    main()
