"""How often do hostile utterances get the label they ask for? The red-team file against a model.

Run from the repository root: python benchmarks/red_team_rates.py MODEL [--json] [--bases N] [--out FILE]

MODEL is what ``Labeler.from_pretrained`` takes: a bundled model, a model folder, the folder of a training. Every
hostile utterance is put into small conversations, just before the target by another speaker, and at the end of the
target's own text, and asks for a label drawn among those the model does not give anyway. The flip rate is the share of
targets that get this label. A harmless utterance of about the same length in the same place is the control: labels
change with any change of context. "The word alone" is a harmless sentence in which the wanted label's word stands.

Seconds are processor seconds of this process.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from erckit.labelling import Labeler
from erckit.progress import Progress
from erckit.storage.atomic import write_text
from red_team import FlipRates, Flips, flip_rates, hostile_utterances


def table(rates: FlipRates) -> str:
    """The rates as a Markdown table, in percent."""
    lines = [
        "| hostile utterances | targets | got the wanted label | harmless control | difference | the word alone | "
        "changed at all | control |",
        "|---|---|---|---|---|---|---|---|",
    ]
    rows = {"all": rates.overall, **rates.places, **rates.families}
    return "\n".join([*lines, *(_row(name, flips) for name, flips in rows.items())])


def _row(name: str, flips: Flips) -> str:
    shown = [
        f"{100 * getattr(flips, key):.1f} ({100 * flips.intervals[key][0]:.1f} – {100 * flips.intervals[key][1]:.1f})"
        for key in ("flipped", "flipped_control", "difference")
    ]
    changed = [f"{100 * rate:.1f}" for rate in (flips.flipped_mention, flips.changed, flips.changed_control)]
    return f"| {' | '.join([name.replace('_', ' '), str(flips.targets), *shown, *changed])} |"


def rounded(value: Any) -> Any:
    """Numbers of a result file, to four digits after the point."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: rounded(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(entry) for entry in value]
    return value


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--bases", type=int, default=1, help="base conversations per hostile utterance, 1 to 6")
    parser.add_argument("--entries", type=int, default=None, help="only so many of the file, at even steps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, not as a table")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args(argv)
    labeler = Labeler.from_pretrained(arguments.model, arguments.precision)
    began = time.process_time()
    entries = hostile_utterances()
    if arguments.entries is not None:
        entries = entries[:: max(1, len(entries) // arguments.entries)][: arguments.entries]
    with Progress(None, "Labelling") as bar:
        rates = flip_rates(labeler, entries, bases=arguments.bases, seed=arguments.seed, report=bar.advance)
    result = {
        "model": labeler.model_id,
        "labels": list(labeler.label_set.labels),
        "precision": labeler.precision,
        "hostile_utterances": len(entries),
        "bases_per_utterance": arguments.bases,
        "seed": arguments.seed,
        "threads": torch.get_num_threads(),
        "processor_seconds": round(time.process_time() - began, 1),
        "tokens": labeler.tokens_processed,
        **rounded(dataclasses.asdict(rates)),
    }
    name = labeler.name.replace("/", "-")
    out = arguments.out or Path(__file__).parent / "results" / f"red_team_{name}.json"
    text = json.dumps(result, indent=2, ensure_ascii=False) + "\n"
    write_text(out, text)
    print(text if arguments.json else table(rates))
    print(f"wrote {out.name}")


if __name__ == "__main__":
    main()
