"""Run the table of systems: every cell of benchmarks/systems.yaml, over several seeds.

python benchmarks/systems.py --seeds 5
python benchmarks/systems.py --corpora emorynlp meld --systems emonet-minilm --seeds 2 --list

Each cell is one `erckit evaluate`; its trainings stay in OUT/<corpus>/<system>, its result goes to
results/<protocol>/<system>.json. A cell whose result has all its seeds is not run again, and a cell that was killed
goes on where it stopped, so the same command resumes the table. `erckit leaderboard results` makes the page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from erckit.models.baselines import BASELINES

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Cell:
    """One system on one corpus."""

    corpus: str
    split: str
    system: str
    recipe: str
    seeds: int
    settings: tuple[str, ...]

    @property
    def is_baseline(self) -> bool:
        """Whether nothing is trained by gradient, so that settings of the training do not apply."""
        return self.recipe in BASELINES

    def result(self, folder: Path) -> Path:
        """Where its result goes."""
        return folder / f"{self.corpus}-{self.split}" / f"{self.system}.json"

    def command(self, out: Path, results: Path) -> list[str]:
        """The `erckit evaluate` that makes it."""
        settings = [] if self.is_baseline else [part for one in self.settings for part in ("--set", one)]
        return [
            *(sys.executable, "-m", "erckit", "evaluate", self.recipe, "--corpus", self.corpus, "--split", self.split),
            *("--seeds", str(self.seeds), "--out", str(out / self.corpus / self.system)),
            *("--json", str(self.result(results)), *settings),
        ]


def cells(plan: dict[str, Any], seeds: int, corpora: list[str], systems: list[str], is_trained: bool) -> Iterator[Cell]:
    """The chosen cells, corpus by corpus."""
    for corpus, where in plan["corpora"].items():
        for system, how in plan["systems"].items():
            if (corpora and corpus not in corpora) or (systems and system not in systems):
                continue
            kind = how.get("kind", "baseline")
            if kind == "trained" and not (is_trained or system in systems):
                continue
            settings = (*where.get("set", {}).get(kind, ()), *how.get("set", ()))
            yield Cell(corpus, where["split"], system, how["recipe"], min(seeds, how.get("seeds", seeds)), settings)


def is_done(cell: Cell, results: Path) -> bool:
    """Whether the cell's result is there, over as many seeds as are wanted."""
    try:
        return len(json.loads(cell.result(results).read_text(encoding="utf-8"))["seeds"]) >= cell.seeds
    except (OSError, ValueError, KeyError):
        return False


def main(argv: Sequence[str] | None = None) -> None:
    """Run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", nargs="*", default=[], help="only these")
    parser.add_argument("--systems", nargs="*", default=[], help="only these")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trained", action="store_true", help="also systems that train their backbone")
    parser.add_argument("--plan", type=Path, default=Path(__file__).with_suffix(".yaml"))
    parser.add_argument("--out", type=Path, default=Path("runs/systems"))
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--list", action="store_true", help="show the cells and whether they are done")
    arguments = parser.parse_args(argv)
    plan = yaml.safe_load(arguments.plan.read_text(encoding="utf-8"))
    chosen = list(cells(plan, arguments.seeds, arguments.corpora, arguments.systems, arguments.trained))
    failed = 0
    for number, cell in enumerate(chosen, start=1):
        name = f"[{number}/{len(chosen)}] {cell.system} on {cell.corpus}/{cell.split}, {cell.seeds} seeds"
        if is_done(cell, arguments.results):
            print(f"{name}: done")
            continue
        if arguments.list:
            print(f"{name}: to do")
            continue
        print(f"{name}: running", flush=True)
        began = time.monotonic()
        code = subprocess.run(cell.command(arguments.out, arguments.results), check=False).returncode
        failed += code != 0
        print(f"{name}: {'failed' if code else 'done'} after {time.monotonic() - began:.0f} s", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
