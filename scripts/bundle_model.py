"""Make a trained model the one that comes with erckit: compact weights, its card, its test result.

python scripts/bundle_model.py out/emonet/seed-1/model emonet-emorynlp [--corpus-folder DIR]

Writes src/erckit/bundled/NAME and results/emorynlp-test/NAME.json. The score is that of the compact weights.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from erckit.corpora import load_corpus
from erckit.evaluation import evaluate_model, format_result
from erckit.labelling import Labeler
from erckit.models.card import model_card
from erckit.models.pretrained import load_pretrained

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Bundle the model named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of a trained model")
    parser.add_argument("name")
    parser.add_argument("--corpus", default="emorynlp")
    parser.add_argument("--corpus-folder", type=Path, default=None)
    arguments = parser.parse_args()
    pretrained = load_pretrained(arguments.model)
    training = dict(pretrained.recipe["training"])
    # Where the teachers' results lay on this machine says nothing on another one.
    training["teachers"] = [Path(teacher).name for teacher in training.get("teachers", ())]
    recipe = {**pretrained.recipe, "training": training}
    pretrained = dataclasses.replace(pretrained, name=arguments.name, recipe=recipe)
    folder = ROOT / "src" / "erckit" / "bundled" / arguments.name
    card = model_card(pretrained, training)
    pretrained.save_pretrained(folder, weights="compact", card=card)
    corpus = load_corpus(arguments.corpus, arguments.corpus_folder)
    result = evaluate_model(Labeler.from_pretrained(folder), corpus, "test")
    target = ROOT / "results" / f"{arguments.corpus}-test" / f"{arguments.name}.json"
    result.save(target)
    low, high = result.metrics["interval_95"]["weighted_f1"]
    lines = [
        "",
        "## Test",
        "",
        f"{result.protocol.corpus}/{result.protocol.split}, {result.protocol.utterances:,} utterances, "
        f"selected on dev, seed {', '.join(map(str, result.seeds))}: "
        f"weighted F1 {100 * result.metrics['weighted_f1']:.2f} "
        f"(95 % interval {100 * low:.2f} to {100 * high:.2f} over conversations), "
        f"accuracy {100 * result.metrics['accuracy']:.2f}, macro F1 {100 * result.metrics['macro_f1']:.2f}.",
        "",
    ]
    pretrained.save_pretrained(folder, weights="compact", card=card + "\n".join(lines))
    print(format_result(result))


if __name__ == "__main__":
    main()
