"""The published protocol of SentEmoContext: a two-way forced choice on a model's vectors."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError
from erckit.evaluation.vectors.space_result import SpaceResult, provenance_of
from erckit.evaluation.vectors.split_vectors import backbone_vectors, split_vectors
from erckit.labels import LabelSet

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling import Labeler
    from erckit.metrics.forced_choice import Triplets

NAME = "forced-choice"
LONGEST = 15  # utterances of a conversation, as published
METRICS = ("macro_f1_no_neutral", "micro_f1_no_neutral", "mcc", "accuracy")
# On dailydialog's test split, all of it, with its own labels.
PUBLISHED = {"macro_f1_no_neutral": 0.5771, "mcc": 0.49}
_PUBLISHED_ON = ("dailydialog", "test", "", 7, 7635)  # corpus, split, mapping, labels, utterances


def evaluate_forced_choice(
    labeler: Labeler,
    corpus: Corpus,
    split: str = "test",
    seeds: Sequence[int] = tuple(range(1, 11)),
    report: Callable[[int], None] | None = None,
    quiet: bool = True,
) -> SpaceResult:
    """Ask as many questions as there are labelled utterances, for each seed, and score the answers.

    A question shows an utterance, another one of its label and one of another label; the answer is the anchor's label
    when the first is at most as far as the second (Euclidean), else the label of the second. One of the two answers
    is always right, so a coin is right half of the time, whatever the number of labels. Conversations are cut after
    15 utterances. This is no classification score.

    Args:
        labeler: The model; only its vectors are used, never its label head.
        corpus: The corpus.
        split: ``test`` is the published one.
        seeds: Of the draws; the published figures are means over ten.
        report: Called with the number of utterances encoded.
        quiet: No progress while the frozen backbone reads, which answers the same questions.

    Raises:
        CorpusError: No such split, or no labels in it.
        ErckitError: A label with one utterance only.
    """
    from erckit.metrics.forced_choice import choose_by_distance, draw_triplets, expected_scores

    if not seeds:
        raise SettingError("the forced choice needs at least one seed of its draws.")
    started = time.perf_counter()
    data = split_vectors(labeler, corpus, split, LONGEST, report)
    frozen = backbone_vectors(labeler, data, quiet=quiet)
    runs, by_coin, by_backbone = [], [], []
    for seed in seeds:
        triplets = draw_triplets(data.gold, len(data), seed)
        right = choose_by_distance(data.vectors, triplets)
        runs.append({"seed": seed, **_scores(data.gold, triplets, right, data.label_set)})
        coin = np.random.default_rng((seed, 1)).random(len(triplets)) < 0.5
        by_coin.append(_scores(data.gold, triplets, coin, data.label_set))
        theirs = choose_by_distance(frozen, triplets)
        by_backbone.append(_scores(data.gold, triplets, theirs, data.label_set))
    labels = len(np.unique(data.gold))
    mean, sd = _mean_sd(runs)
    coin_mean, coin_sd = _mean_sd(by_coin)
    backbone_mean, backbone_sd = _mean_sd(by_backbone)
    asked = (corpus.name, split, corpus.mapping, labels, len(data))
    return SpaceResult(
        kind=NAME,
        protocol={
            "name": f"{corpus.name}/{NAME}" + ("" if split == "test" else f"-{split}"),
            "corpus": corpus.name,
            "corpus_version": corpus.version,
            "mapping": corpus.mapping,
            "split": split,
            "conversations": len(set(data.conversations.tolist())),
            "utterances": len(data),
            "longest": LONGEST,
            "labels": labels,
            "draws": len(data),
            "seeds": list(seeds),
            "distance": "euclidean",
            "memory": data.memory,
            "causal": data.causal,
        },
        system=labeler.name,
        metrics={"mean": mean, "sd": sd},
        reference={
            "chance": {name: expected_scores(0.5, labels)[name] for name in METRICS},
            "chance_simulated": {"mean": coin_mean, "sd": coin_sd},
            "backbone": {
                "system": f"{labeler.pretrained.settings.backbone}, frozen",
                "mean": backbone_mean,
                "sd": backbone_sd,
            },
            **({"published": PUBLISHED} if asked == _PUBLISHED_ON else {}),
        },
        runs=tuple(runs),
        wall_seconds=round(time.perf_counter() - started, 3),
        **provenance_of(labeler),
    )


def format_forced_choice(result: SpaceResult) -> str:
    """Protocol line, scores beside chance, and what they are not."""
    from erckit.evaluation.results.summary import text_table

    p, published = result.protocol, result.reference.get("published", {})
    simulated = result.reference["chance_simulated"]
    line = " · ".join(
        [
            p["name"],
            f"{p['conversations']:,} conversations cut after {p['longest']} utterances, {p['utterances']:,} utterances",
            f"{p['draws']:,} questions, {p['labels']} labels drawn uniformly",
            *([f"labels mapped to {p['mapping']}"] if p.get("mapping") else []),
            f"draws of {'seed' if len(p['seeds']) == 1 else 'seeds'} {', '.join(map(str, p['seeds']))}",
            "causal" if p["causal"] else "not causal (later utterances are seen)",
            f"memory: {p['memory']}",
        ]
    )
    frozen = result.reference["backbone"]
    header = [
        "",
        "mean ± sd over draws" if len(p["seeds"]) > 1 else "one draw",
        "chance",
        "chance, simulated",
        frozen["system"],
    ]
    header += ["published"] if published else []
    rows = []
    for name in METRICS:
        row = [
            name,
            _with_sd(result.metrics, name, p["seeds"]),
            _percent(result.reference["chance"][name]),
            _with_sd(simulated, name, p["seeds"]),
            _with_sd(frozen, name, p["seeds"]),
        ]
        rows.append(row + ([_percent(published[name]) if name in published else ""] if published else []))
    return "\n".join(
        [
            line,
            f"system: {result.system}",
            "",
            *text_table(header, rows),
            "",
            "This is no classification score. Gold labels build each question, one of the two answers offered is",
            "always right, and a coin is right half of the time. Compare it with chance, never with F1 on a split.",
        ]
    )


def _scores(
    gold: NDArray[np.int64], triplets: Triplets, right: NDArray[np.bool_], label_set: LabelSet
) -> dict[str, float]:
    from erckit.metrics import classification_report
    from erckit.metrics.forced_choice import forced_predictions

    asked, answered = forced_predictions(gold, triplets, right)
    found = classification_report(asked.tolist(), answered.tolist(), label_set)
    return {name: float(getattr(found, name)) for name in METRICS}


def _mean_sd(runs: Sequence[dict[str, Any]]) -> tuple[dict[str, float], dict[str, float]]:
    values = {name: np.array([run[name] for run in runs]) for name in METRICS}
    mean = {name: float(one.mean()) for name, one in values.items()}
    sd = {name: float(one.std(ddof=1)) if len(one) > 1 else 0.0 for name, one in values.items()}
    return mean, sd


def _with_sd(found: Mapping[str, Any], name: str, seeds: Sequence[int]) -> str:
    """A mean with its spread; one draw has none."""
    mean = _percent(found["mean"][name])
    return f"{mean} ± {_percent(found['sd'][name])}" if len(seeds) > 1 else mean


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"
