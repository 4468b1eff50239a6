"""How often each test calls a difference significant when two recipes are equally good (docs/statistics.md).

Run from the repository root: python benchmarks/type_one_error.py [--pairs 400] [--out FILE]

Made-up systems on a test split of the size of EmoryNLP's: 85 conversations of 16 utterances, seven labels of unequal
frequency. Conversations differ in how hard they are, each suits some system a little better, and each seed of a recipe
is a little better or worse. No corpus and no model are needed.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from erckit.metrics import approximate_randomisation, paired_bootstrap
from erckit.storage.atomic import write_text

CONVERSATIONS, UTTERANCES = 85, 16
PRIOR = np.array([0.12, 0.11, 0.27, 0.10, 0.08, 0.08, 0.24])
SETTINGS = ((1, 0.0), (5, 0.0), (5, 0.01), (5, 0.03), (2, 0.03))  # seeds, sd over seeds
LEVEL, DRAWS = 0.05, 199


def p_values(seeds: int, spread: float, rng: np.random.Generator) -> dict[str, float]:
    """P of each test between two equally good recipes."""
    utterances = CONVERSATIONS * UTTERANCES
    groups = np.repeat(np.arange(CONVERSATIONS), UTTERANCES)
    gold = rng.choice(len(PRIOR), utterances, p=PRIOR)
    hard = np.repeat(rng.normal(0, 0.1, CONVERSATIONS), UTTERANCES)

    def system() -> NDArray[np.int64]:
        suits = np.repeat(rng.normal(0, 0.05, CONVERSATIONS), UTTERANCES)
        runs = []
        for _ in range(seeds):
            right = rng.random(utterances) < np.clip(0.2 + hard + suits + rng.normal(0, spread), 0, 1)
            runs.append(np.where(right, gold, rng.choice(len(PRIOR), utterances, p=PRIOR)))
        return np.stack(runs)  # (S, N)

    first, second, seed = system(), system(), int(rng.integers(1 << 30))

    def bootstrap(resample_seeds: bool) -> float:
        return paired_bootstrap(
            gold, first, second, groups, "weighted_f1", DRAWS, seed, resample_seeds=resample_seeds
        ).p_value

    found = {
        "bootstrap": bootstrap(False),
        "randomisation": approximate_randomisation(
            gold, first, second, groups, "weighted_f1", DRAWS, seed, same_seeds=True
        ),
    }
    return {**found, "with_seeds": bootstrap(True)} if seeds > 1 else found


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=400, help="pairs of recipes per setting")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/type_one_error.json"))
    args = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    rows = []
    for seeds, spread in SETTINGS:
        trials = [p_values(seeds, spread, rng) for _ in range(args.pairs)]
        rejected = {test: float(np.mean([trial[test] <= LEVEL for trial in trials])) for test in trials[0]}
        rows.append({"seeds": seeds, "sd_over_seeds": spread, "rejected": rejected})
        print(f"{seeds} seeds, sd {spread:.2f}: " + ", ".join(f"{test} {x:.1%}" for test, x in rejected.items()))
    size = {"conversations": CONVERSATIONS, "utterances": CONVERSATIONS * UTTERANCES, "pairs": args.pairs}
    report = {**size, "level": LEVEL, "metric": "weighted_f1", "rows": rows}
    write_text(args.out, json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
