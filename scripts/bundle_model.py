"""Make a trained model one that comes with erckit: compact weights, its card with its scores, its result files.

python scripts/bundle_model.py runs/emonet/seed-1 emonet-emorynlp --score emorynlp/test
python scripts/bundle_model.py runs/everyday/seed-1 everyday --map ekman \
    --score meld/dev --score dailydialog/test --score goemotions/test \
    --baseline goemotions-utterance=runs/goemotions/seed-1

Writes src/erckit/bundled/NAME and results/CORPUS-SPLIT/NAME.json. Scores are those of the compact weights. A baseline
is scored on the same splits, and the card says by how much the model is better.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

from erckit.corpora import load_corpus
from erckit.evaluation import Result, compare_results, evaluate_model, format_result
from erckit.labelling import Labeler
from erckit.model_folder.card import model_card
from erckit.model_folder.network_folder import load_pretrained

ROOT = Path(__file__).resolve().parents[1]
BUNDLED = ROOT / "src" / "erckit" / "bundled"


def main(argv: Sequence[str] | None = None) -> None:
    """Bundle the model named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of a trained model")
    parser.add_argument("name")
    parser.add_argument("--score", action="append", required=True, metavar="CORPUS/SPLIT")
    parser.add_argument("--map", default=None, help="label set on which it is scored")
    parser.add_argument("--baseline", default=None, metavar="NAME=FOLDER", help="a model to be compared with")
    parser.add_argument("--limits", type=Path, default=None, help="Markdown that the card ends with: where it fails")
    parser.add_argument(
        "--bundled", type=Path, default=ROOT / "src" / "erckit" / "bundled", help="folder of the models"
    )
    parser.add_argument("--results", type=Path, default=ROOT / "results", help="folder of the result files")
    arguments = parser.parse_args(argv)
    folder = arguments.model / "model" if (arguments.model / "model").is_dir() else arguments.model
    pretrained = load_pretrained(folder)
    training = dict(pretrained.recipe["training"])
    # Where the teachers' results lay on this machine says nothing on another one.
    training["teachers"] = [Path(teacher).name for teacher in training.get("teachers", ())]
    recipe = {**pretrained.recipe, "training": training}
    pretrained = dataclasses.replace(pretrained, name=arguments.name, recipe=recipe)
    target = arguments.bundled / arguments.name
    card = model_card(pretrained, training)
    pretrained.save_pretrained(target, weights="compact", card=card)
    ours = [_score(target, arguments.name, where, arguments.map, arguments.results) for where in arguments.score]
    theirs: list[Result] = []
    if arguments.baseline:
        name, _, place = arguments.baseline.partition("=")
        theirs = [_score(Path(place), name, where, arguments.map, arguments.results) for where in arguments.score]
    sections = [card, _scores(ours, theirs), _labels(ours[0]), _certainty(ours)]
    if arguments.limits:
        sections.append(arguments.limits.read_text(encoding="utf-8"))
    pretrained.save_pretrained(target, weights="compact", card="\n".join(sections))
    for result in ours:
        print(format_result(result), end="\n\n")
    print(_scores(ours, theirs))


def _score(folder: Path, name: str, where: str, map_to: str | None, results: Path) -> Result:
    """Score a model on one split and keep the result."""
    corpus, _, split = where.rpartition("/")
    data, labeler = load_corpus(corpus), Labeler.from_pretrained(folder)
    own = map_to if map_to and labeler.settings.get("corpus") != corpus else labeler.settings.get("map") or map_to
    result = evaluate_model(labeler, data, split, map_to=own)
    result = dataclasses.replace(result, system=name)
    result.save(results / f"{data.name}-{split}" / f"{name}.json")
    return result


def _scores(ours: list[Result], theirs: list[Result]) -> str:
    """The card's table: every split, its metric, and the difference to the baseline."""
    versus = f" {theirs[0].system} | better by |" if theirs else ""
    lines = ["", "## Scores", "", f"| split | metric | utterances | this model |{versus}"]
    lines.append("|---|---|---:|---:|" + ("---:|---:|" if theirs else ""))
    for number, result in enumerate(ours):
        p, metric = result.protocol, result.protocol.metric
        low, high = result.metrics["interval_95"][metric]
        scored = f"{p.utterances:,}" + (f" ({p.left_out:,} left out)" if p.left_out else "")
        cells = [p.name, metric, scored, f"{_percent(result.metrics[metric])} ({_percent(low)} to {_percent(high)})"]
        if theirs:
            found = compare_results([result, theirs[number]], metric=metric).pairs[0]
            # compared with the better one first
            better = (found.difference, found.low, found.high)
            gain, low, high = better if found.first == result.system else (-better[0], -better[2], -better[1])
            cells += [
                _percent(theirs[number].metrics[metric]),
                f"{100 * gain:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})",
            ]
        lines.append("| " + " | ".join(cells) + " |")
    mapping = ours[0].protocol.mapping
    mapped = f" Labels are mapped to {mapping}." if mapping else ""
    lines += ["", f"In percent, 95 % intervals by bootstrap over conversations.{mapped} One seed.", ""]
    return "\n".join(lines)


def _labels(result: Result) -> str:
    """The card's table of labels on the first split: what it finds and what it misses."""
    lines = [f"## Labels on {result.protocol.name}", "", "| label | precision | recall | utterances | called so |"]
    lines.append("|---|---:|---:|---:|---:|")
    for label, scores in result.metrics["per_class"].items():
        cells = [label, _percent(scores["precision"]), _percent(scores["recall"])]
        lines.append("| " + " | ".join([*cells, f"{scores['support']:,.0f}", f"{scores['predicted']:,.0f}"]) + " |")
    return "\n".join([*lines, ""])


def _certainty(results: list[Result]) -> str:
    """The card's table of what its scores are worth: how sure it is, and how often right."""
    lines = ["## How sure it is, and how often right", ""]
    lines.append("| split | all: score of its label | right | when it calls an emotion: score | right | fear: right |")
    lines.append("|---|---:|---:|---:|---:|---:|")
    for result in results:
        rows = result.predictions
        called = [row for row in rows if row.label != result.label_set.neutral]
        fear = result.metrics["per_class"].get("fear")
        cells = [result.protocol.name]
        for some in (rows, called):
            cells += [
                _percent(sum(max(row.scores.values()) for row in some) / len(some)),
                _percent(sum(row.label == row.gold for row in some) / len(some)),
            ]
        lines.append("| " + " | ".join([*cells, _percent(fear["precision"]) if fear else "–"]) + " |")
    return "\n".join([*lines, "", "In percent.", ""])


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"


if __name__ == "__main__":
    main()
