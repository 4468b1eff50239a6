"""The speaker memory on disk at 50,000 utterances: appending, reading the last ones, searching, forgetting.

Run from the repository root on an idle machine: python benchmarks/speaker_memory.py [--utterances N] [--out FILE]

Speakers are drawn so that one has a fifth of all utterances and the others about equally many. Every append is on the
disk (fsync) when it is counted as done. Searches are repeated for speakers drawn anew, in one process that holds the
store open; between two of them nothing is cached but what LanceDB and the operating system keep.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

from erckit.memory.remembered import Remembered
from erckit.memory.store.lance_store import LanceStore
from erckit.storage.atomic import write_text

MODEL = "benchmark"
LABELS = ("Joyful", "Mad", "Neutral", "Peaceful", "Powerful", "Sad", "Scared")
WORDS = (
    "I you we they know think feel want see the a that this and but so not very good bad day night work home".split()
)
WINDOW = 11
BATCH = 500


def utterance(random: np.random.Generator, speaker: str, number: int, hidden: int) -> Remembered:
    """A made-up utterance of ten words."""
    return Remembered(
        speaker,
        f"conversation-{number // 20}",
        f"{number}",
        float(number),
        " ".join(random.choice(WORDS, 10)),
        random.standard_normal(hidden).astype(np.float32),
        MODEL,
        dict(zip(LABELS, map(float, random.dirichlet(np.ones(len(LABELS)))), strict=True)),
    )


def speaker_name(random: np.random.Generator, speakers: int) -> str:
    """The busy speaker one time in five, else one of the others."""
    return "Busy" if random.random() < 0.2 else f"Person {random.integers(speakers)}"


def times(work: Callable[[], object], repeats: int) -> dict[str, float]:
    """Milliseconds of repeated work: median, 95th percentile, longest."""
    taken = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        taken.append(1000 * (time.perf_counter() - began))
    return {
        "p50_ms": round(float(np.percentile(taken, 50)), 2),
        "p95_ms": round(float(np.percentile(taken, 95)), 2),
        "max_ms": round(max(taken), 2),
    }


def seconds(work: Callable[[], object]) -> float:
    """Seconds of work done once."""
    began = time.perf_counter()
    work()
    return round(time.perf_counter() - began, 3)


def measure(folder: Path, utterances: int, speakers: int, hidden: int, repeats: int) -> dict[str, object]:
    """Fill a store and measure it."""
    random = np.random.default_rng(0)
    store = LanceStore(folder)
    numbers = iter(range(10**9))

    def some(count: int) -> list[Remembered]:
        return [utterance(random, speaker_name(random, speakers), next(numbers), hidden) for _ in range(count)]

    taken = 0.0
    for done in range(0, utterances, BATCH):
        rows = some(min(BATCH, utterances - done))
        began = time.perf_counter()
        store.append(rows)
        taken += time.perf_counter() - began
    result: dict[str, object] = {
        "append_batches": {"rows_each": BATCH, "rows_per_second": round(utterances / taken), "seconds": round(taken, 2)}
    }

    def searches() -> dict[str, object]:
        def name() -> str:
            return f"Person {random.integers(speakers)}"

        middle = utterances / 2
        return {
            "fragments": store.stats().fragments,
            "last": times(lambda: store.last([name()], WINDOW, model=MODEL), repeats),
            "last_before": times(lambda: store.last([name()], WINDOW, before=middle, model=MODEL), repeats),
            "last_of_8_speakers": times(lambda: store.last([name() for _ in range(8)], WINDOW, model=MODEL), repeats),
            "last_of_the_busy_speaker": times(lambda: store.last(["Busy"], WINDOW, model=MODEL), repeats),
            "nearest": times(
                lambda: store.nearest(name(), random.standard_normal(hidden).astype(np.float32), 5, MODEL),
                max(1, repeats // 3),
            ),
            "nearest_of_the_busy_speaker": times(
                lambda: store.nearest("Busy", random.standard_normal(hidden).astype(np.float32), 5, MODEL),
                max(1, repeats // 30),
            ),
            "profile": times(lambda: store.profile(name()), max(1, repeats // 3)),
        }

    result["after_batches"] = searches()
    result["append_one"] = times(lambda: store.append(some(1)), repeats)
    result["after_small_appends"] = searches()
    result["compact_seconds"] = seconds(store.compact)
    result["after_compacting"] = searches()
    result["bytes"] = store.stats().bytes
    result["forget_seconds"] = seconds(lambda: store.forget("Speaker 1"))
    result["forget_the_busy_speaker_seconds"] = seconds(lambda: store.forget("Busy"))
    result["left"] = store.stats().utterances
    return result


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--utterances", type=int, default=50_000)
    parser.add_argument("--speakers", type=int, default=200)
    parser.add_argument("--hidden", type=int, default=384, help="length of a memory vector")
    parser.add_argument("--repeats", type=int, default=300, help="of each search, and appends of one utterance")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/speaker_memory.json"))
    arguments = parser.parse_args(argv)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        found = measure(
            Path(folder) / "memory", arguments.utterances, arguments.speakers, arguments.hidden, arguments.repeats
        )
    value = {
        "utterances": arguments.utterances,
        "speakers": arguments.speakers + 1,
        "hidden": arguments.hidden,
        "window": WINDOW,
        "lancedb": version("lancedb"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": round(load, 2),
        **found,
    }
    text = json.dumps(value, indent=2) + "\n"
    write_text(arguments.out, text)
    print(text, end="")


if __name__ == "__main__":
    main()
