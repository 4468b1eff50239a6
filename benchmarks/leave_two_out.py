"""Labels that a model never saw: leave two emotions out, then tell them apart from five examples of each.

python benchmarks/leave_two_out.py --corpus emorynlp --split dev --losses none contrastive prototypes
python benchmarks/leave_two_out.py --corpus emorynlp --split test --losses contrastive

The six emotions of a corpus make three pairs, so that each is left out once (`--pairs all`, with `--reader none`: every
two of them, 15 pairs). For every pair an encoder learns
GoEmotions without the families of the two (`--reader none`: the encoder as downloaded), `sentemo` learns the corpus
without them over that frozen encoder, and 600 episodes of 2 labels with 5 examples each are compared with the
prototypes of all-MiniLM-L6-v2 as downloaded, every utterance alone. The three comparisons are pooled into one
difference with one p: each pair weighs the same, and the conversation is the unit. A pair of which a split has too few
utterances is left out there (DailyDialog's dev split has three of disgust).

Trainings stay in OUT and are not repeated; a killed one goes on. Results go to results/CORPUS-SPLIT-2way-5shot/, the
pooled ones to benchmarks/results/leave_two_out.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from erckit.corpora import load_corpus
from erckit.errors import ResultError, SettingError
from erckit.evaluation.comparison.paired_gain import PairedGain
from erckit.evaluation.vectors.episodes import read_task
from erckit.evaluation.vectors.few_shot import drawable_labels
from erckit.evaluation.vectors.space_result import SpaceResult
from erckit.storage.atomic import write_text

ROOT = Path(__file__).resolve().parents[1]
MAPPINGS = ROOT / "recipes" / "leave_out"
ENCODER = "all-MiniLM-L6-v2"
TASK = "2way-5shot"
SEED = 1

# Pair of labels, and the families of GoEmotions that go with it.
PAIRS = {
    "emorynlp": {
        "mad_sad": "anger_sadness",
        "joyful_scared": "joy_fear",
        "peaceful_powerful": "peaceful_powerful",
    },
    "dailydialog": {
        "anger_sadness": "anger_sadness",
        "happiness_fear": "joy_fear",
        "surprise_disgust": "surprise_disgust",
    },
}


def erckit(*words: str | Path) -> None:
    """Run one command of erckit; its failure ends this program."""
    code = subprocess.run([sys.executable, "-m", "erckit", *map(str, words)], check=False).returncode
    if code:
        sys.exit(code)


def reader(out: Path, family: str) -> Path:
    """Folder of the encoder that learnt GoEmotions without a family, trained if it is not there."""
    run, folder = out / f"goemotions-{family}", out / f"goemotions-{family}-backbone"
    if not (folder / "manifest.json").exists():
        mapping = MAPPINGS / f"goemotions_{family}.json"
        settings = ("--seed", str(SEED), "--set", "training.epochs=1", "--out", run)
        erckit("train", "baseline/goemotions_labels", "--map", mapping, *settings)
        erckit("backbones", "from", run / "model", "--out", folder)
    return folder


def without(corpus: str, pair: str, out: Path) -> Path:
    """Mapping file that leaves a pair of labels without a label, written if the recipes have none."""
    shipped = MAPPINGS / f"{corpus}_{pair}.json"
    if shipped.exists():
        return shipped
    label_set, left_out = load_corpus(corpus).label_set, pair.split("_")
    body = {
        "about": f"{corpus} without {' and '.join(left_out)}: these utterances are context without a label.",
        "labels": [label for label in label_set.labels if label not in left_out],
        "neutral": label_set.neutral,
        "from": {corpus: {"pairs": {label: None if label in left_out else label for label in label_set.labels}}},
    }
    target = out / f"{corpus}_{pair}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_text(target, json.dumps({f"{corpus}-without-{pair.replace('_', '-')}": body}, indent=2) + "\n")
    return target


def model(out: Path, corpus: str, pair: str, loss: str, backbone: str, changes: list[str]) -> Path:
    """Folder of `sentemo` without a pair of labels, trained if it is not there."""
    run = out / "-".join([corpus, pair, loss, Path(backbone).name, *changes])
    if not (run / "model" / "manifest.json").exists():
        settings = [f"training.metric.loss={loss}", f"model.backbone={backbone}", "training.adjusts_neutral=false"]
        chosen = [part for one in (*settings, *changes) for part in ("--set", one)]
        mapping = without(corpus, pair, out)
        erckit("train", f"sentemo/{corpus}", "--map", mapping, "--seed", str(SEED), "--out", run, *chosen)
    return run / "model"


def measure(arguments: argparse.Namespace, pair: str, family: str, loss: str) -> SpaceResult:
    """One pair's result, from its file where it is there."""
    task = f"{arguments.corpus}-{arguments.split}-{TASK}"
    name = "-".join(["sentemo", loss, arguments.reader, *arguments.set])
    target = arguments.results / task / f"{name}-{pair}.json"
    if not target.exists():
        backbone = arguments.encoder if arguments.reader == "none" else str(reader(arguments.out, family))
        folder = model(arguments.out, arguments.corpus, pair, loss, backbone, arguments.set)
        target.parent.mkdir(parents=True, exist_ok=True)
        where = ("--corpus", arguments.corpus, "--split", arguments.split)
        asked = ("--few-shot", TASK, "--labels", pair.replace("_", ","), "--backbone", arguments.encoder)
        erckit("evaluate", folder, *where, *asked, "--json", target)
    return SpaceResult.load(target)


def read_gain(kept: Mapping[str, Any]) -> PairedGain:
    """Gains of conversations as a result file keeps them (:meth:`PairedGain.to_data`).

    Raises:
        ResultError: It is something else.
    """
    try:
        names = tuple(str(name) for name in kept["conversations"])
        gained, weight = (np.array(kept[key], dtype=np.float64) for key in ("gained", "weight"))
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(f"gains of conversations cannot be read ({error}); evaluate again.") from None
    fits = gained.shape == weight.shape == (len(names),)
    if not names or len(set(names)) != len(names) or not fits or not (weight > 0).all():
        raise ResultError("gains of conversations do not match their names; evaluate again.")
    return PairedGain(names, gained, weight)


def pool_gains(gains: Sequence[PairedGain]) -> PairedGain:
    """Several comparisons on one split as one, for example the same question about other pairs of labels.

    Each comparison weighs the same. A conversation that occurs in several of them stays one unit, as what was said
    in it is no new evidence.

    Raises:
        ResultError: Nothing to pool.
    """
    if not gains:
        raise ResultError("no gains to pool; name at least one result.")
    names = list(dict.fromkeys(name for gain in gains for name in gain.conversations))
    place = {name: i for i, name in enumerate(names)}
    gained, weight = np.zeros(len(names)), np.zeros(len(names))
    for gain in gains:
        rows = [place[name] for name in gain.conversations]
        share = 1 / (len(gains) * gain.weight.sum())
        gained[rows] += share * gain.gained
        weight[rows] += share * gain.weight
    return PairedGain(tuple(names), gained, weight)


def pooled(results: dict[str, SpaceResult]) -> dict[str, Any]:
    """The pairs' accuracies, and all pairs as one comparison."""
    gain = pool_gains([read_gain(one.gain) for one in results.values()])
    interval, p = gain.test(SEED)
    pairs = {
        pair: {
            "accuracy": one.metrics["accuracy"],
            "frozen_encoder": one.reference["accuracy"],
            "difference": one.metrics["difference"],
            "p_value": one.metrics["p_value"],
        }
        for pair, one in results.items()
    }
    return {
        "accuracy": round(sum(one["accuracy"] for one in pairs.values()) / len(pairs), 5),
        "frozen_encoder": round(sum(one["frozen_encoder"] for one in pairs.values()) / len(pairs), 5),
        "difference": round(gain.difference, 5),
        "interval_95": [round(bound, 5) for bound in interval],
        "p_value": round(p, 5),
        "conversations": len(gain.conversations),
        "pairs": pairs,
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Train and measure what is missing, then pool."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", choices=sorted(PAIRS), default="emorynlp")
    parser.add_argument("--split", default="dev")
    parser.add_argument("--losses", nargs="+", choices=("none", "contrastive", "prototypes", "triplet"), required=True)
    parser.add_argument("--reader", choices=("goemotions", "none"), default="goemotions")
    parser.add_argument("--encoder", default=ENCODER, help="what is compared with, and read by --reader none")
    parser.add_argument("--pairs", choices=("three", "all"), default="three", help="all needs --reader none")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change a value of the recipe")
    parser.add_argument("--out", type=Path, default=Path("runs/leave_two_out"))
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--json", type=Path, default=ROOT / "benchmarks" / "results" / "leave_two_out.json")
    arguments = parser.parse_args(argv)
    if arguments.pairs == "all" and arguments.reader != "none":
        parser.error("--pairs all has no readers of its own; add --reader none.")
    task, data = read_task(TASK), load_corpus(arguments.corpus)
    candidates, pairs = PAIRS[arguments.corpus], {}
    if arguments.pairs == "all":
        emotions = [label for label in data.label_set.labels if label != data.label_set.neutral]
        candidates = {"_".join(two): "" for two in combinations(emotions, 2)}
    for pair, family in candidates.items():
        try:
            drawable_labels(data, arguments.split, task, pair.split("_"))
            pairs[pair] = family
        except SettingError as error:
            print(f"without {pair}: {error}")
    kind = ["all"] if arguments.pairs == "all" else []
    for loss in arguments.losses:
        found = pooled({pair: measure(arguments, pair, family, loss) for pair, family in pairs.items()})
        name = "/".join([arguments.corpus, arguments.split, loss, arguments.reader, *kind, *arguments.set])
        known = json.loads(arguments.json.read_text(encoding="utf-8")) if arguments.json.exists() else {}
        write_text(arguments.json, json.dumps(dict(sorted({**known, name: found}.items())), indent=1) + "\n")
        low, high = found["interval_95"]
        print(
            f"{name}: {100 * found['accuracy']:.2f}, frozen encoder {100 * found['frozen_encoder']:.2f}, difference "
            f"{100 * found['difference']:+.2f} ({100 * low:.2f} to {100 * high:.2f}), p = {found['p_value']:.4f}"
        )
        for pair, one in found["pairs"].items():
            print(f"  {pair}: {100 * one['accuracy']:.2f}, {100 * one['difference']:+.2f}, p = {one['p_value']:.4f}")


if __name__ == "__main__":
    main()
