"""Few-shot evaluation: labels from a handful of examples, a model's vectors against those of its frozen backbone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.errors import SettingError
from erckit.evaluation.comparison.paired_gain import gain_by_conversation
from erckit.evaluation.vectors.episodes import Episode, Task, can_be_drawn, draw_episodes
from erckit.evaluation.vectors.space_result import SpaceResult, provenance_of
from erckit.evaluation.vectors.split_vectors import backbone_vectors, split_vectors
from erckit.labelling.own_labels.distances import scaled, squared_distances

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling import Labeler


def evaluate_few_shot(
    labeler: Labeler,
    corpus: Corpus,
    split: str,
    task: Task,
    *,
    episodes: int = 600,
    seed: int = 1,
    labels: Sequence[str] = (),
    distance: str = "cosine",
    backbone: str = "",
    report: Callable[[int], None] | None = None,
    quiet: bool = True,
) -> SpaceResult:
    """Nearest prototypes in episodes, for a model's vectors and, on the same episodes, for its frozen backbone's.

    The backbone reads every utterance alone, mean of its tokens, scaled to length 1 (as sentence encoders are meant
    to be used), before any training. Accuracy of an episode is the mean over its labels.

    Args:
        labeler: The model; only its vectors are used, never its label head.
        corpus: Where utterances and labels come from; the labels need not be the model's.
        split: One of its splits.
        task: Labels and examples of an episode.
        episodes: How many.
        seed: Of all draws.
        labels: Draw labels from these; none for all of the corpus that have enough utterances.
        distance: ``cosine`` or ``euclidean``, of the model's vectors.
        backbone: The frozen backbone to compare with; empty for the model's own, as it was before training.
        report: Called with the number of utterances encoded.
        quiet: No progress while the backbone reads.

    Returns:
        Accuracy with its interval over episodes (the split is fixed), and the difference to the backbone with two
        intervals: over episodes, and over conversations (would it hold in others?), from which p comes. Conversations
        are drawn again as those of the queries only: the examples of the episodes stay as they were drawn, so this
        interval says nothing of other examples.

    Raises:
        CorpusError: No such split.
        LabelSetError: A label that the corpus lacks.
        SettingError: Labels or conversations are too few for the task.
    """
    if episodes < 2:
        raise SettingError(f"intervals need at least 2 episodes, got {episodes}; 600 are usual.")
    started = time.perf_counter()
    label_set = corpus.label_set
    enough, rare = drawable_labels(corpus, split, task, labels)
    data = split_vectors(labeler, corpus, split, report=report)
    drawn = draw_episodes(data.gold, data.conversations, task, episodes, seed, enough, label_set.labels)
    ours = _run(data.vectors, drawn, distance)
    theirs = _run(backbone_vectors(labeler, data, backbone, quiet), drawn, "cosine")
    difference = ours.accuracy - theirs.accuracy  # (E,)
    names = [conversation.id for conversation in corpus.split(split)]
    gain = gain_by_conversation(
        names, data.conversations, [episode.queries for episode in drawn], ours.right, theirs.right
    )
    interval, p = gain.test(seed)
    seen = [label_set.labels[i] for i in enough if label_set.labels[i] in _trained_labels(labeler, corpus)]
    return SpaceResult(
        kind="few-shot",
        protocol={
            "name": f"{corpus.name}/{split}/{task}",
            "corpus": corpus.name,
            "corpus_version": corpus.version,
            "mapping": corpus.mapping,
            "split": split,
            "conversations": len(set(data.conversations.tolist())),
            "utterances": len(data),
            "ways": task.ways,
            "shots": task.shots,
            "queries": task.queries,
            "episodes": episodes,
            "seed": seed,
            "labels": [label_set.labels[i] for i in enough],
            "labels_left_out": rare,
            "labels_seen_in_training": seen,
            "distance": distance,
            "memory": data.memory,
            "causal": data.causal,
        },
        system=labeler.name,
        metrics={
            "accuracy": float(ours.accuracy.mean()),
            "difference": float(difference.mean()),
            "p_value": p,
            "interval_95": {
                "accuracy": _interval(ours.accuracy),
                "difference": _interval(difference),
                "difference_over_conversations": list(interval),
            },
            "chance": 1 / task.ways,
        },
        reference={
            "system": f"{backbone or labeler.pretrained.settings.backbone}, frozen",
            "accuracy": float(theirs.accuracy.mean()),
            "interval_95": {"accuracy": _interval(theirs.accuracy)},
        },
        runs=(
            {"system": labeler.name, "accuracy": ours.accuracy},
            {"system": "backbone", "accuracy": theirs.accuracy},
        ),
        gain=gain.to_data(),
        wall_seconds=round(time.perf_counter() - started, 3),
        **provenance_of(labeler),
    )


def drawable_labels(corpus: Corpus, split: str, task: Task, labels: Sequence[str] = ()) -> tuple[list[int], list[str]]:
    """Positions of the labels that episodes can be drawn from, and the names of those with too few utterances.

    Needs no model, so that a task that cannot be drawn is refused before anything is read.

    Args:
        corpus: The corpus.
        split: One of its splits.
        task: Labels and examples of an episode.
        labels: The wanted labels; none for all.

    Raises:
        CorpusError: No such split.
        LabelSetError: A label that the corpus lacks.
        SettingError: A wanted label has too few utterances, or fewer labels than the task needs have enough.
    """
    label_set = corpus.label_set
    asked = [label_set.index(label) for label in dict.fromkeys(labels)] or list(range(len(label_set)))
    if len(asked) < task.ways:
        names = ", ".join(label_set.labels[label] for label in asked)
        raise SettingError(f"{task} needs {task.ways} labels, there are {len(asked)} ({names}). Ask for fewer.")
    said = [(n, u.label) for n, c in enumerate(corpus.split(split)) for u in c.utterances if u.label is not None]
    gold = np.array(label_set.indices(label for _, label in said), dtype=np.int64)
    conversations = np.array([number for number, _ in said], dtype=np.int64)
    enough = [label for label in asked if can_be_drawn(gold, conversations, label, task.shots)]
    rare = [label_set.labels[label] for label in asked if label not in enough]
    if labels and rare:
        raise SettingError(
            f"{corpus.name}/{split} has too few utterances of {', '.join(rare)} for {task}. Ask for fewer shots, name "
            "other labels, or another split."
        )
    if len(enough) < task.ways:
        raise SettingError(
            f"{task} needs {task.ways} labels, and {corpus.name}/{split} has {len(enough)} with enough utterances "
            f"(too few: {', '.join(rare)}). Ask for fewer labels or shots, or name another split."
        )
    return enough, rare


class _Run:
    """Accuracy of each episode, (E,), and which queries were right: per episode one array per label."""

    def __init__(self) -> None:
        self.accuracy: NDArray[np.float64] = np.empty(0)
        self.right: list[list[NDArray[np.bool_]]] = []


def _run(vectors: NDArray[Any], episodes: Sequence[Episode], distance: str) -> _Run:
    values, run = scaled(vectors, distance), _Run()
    for episode in episodes:
        centres = values[episode.support].mean(axis=1)  # (N, V)
        run.right.append(
            [
                squared_distances(values[rows], centres, distance).argmin(axis=1) == way
                for way, rows in enumerate(episode.queries)
            ]
        )
    run.accuracy = np.array([np.mean([right.mean() for right in one]) for one in run.right])
    return run


def _interval(values: NDArray[np.float64]) -> list[float]:
    """95 % interval of the mean, normal approximation, as is usual for episodes."""
    half = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
    return [float(values.mean()) - half, float(values.mean()) + half]


def _trained_labels(labeler: Labeler, corpus: Corpus) -> set[str]:
    """Labels of the corpus that the network was trained on, as far as names tell."""
    return set(labeler.pretrained.label_set.labels) & set(corpus.label_set.labels)


def format_few_shot(result: SpaceResult) -> str:
    """Protocol line, accuracy beside the frozen backbone's and chance, the difference."""
    from erckit.evaluation.results.summary import text_table

    p, m, reference = result.protocol, result.metrics, result.reference
    seen = p["labels_seen_in_training"]
    line = " · ".join(
        [
            p["name"],
            f"{p['conversations']:,} conversations, {p['utterances']:,} utterances",
            f"{p['episodes']} episodes, seed {p['seed']}, up to {p['queries']} queries a label, "
            "examples and queries of different conversations",
            f"labels drawn from {', '.join(p['labels'])}"
            + (f" (too few utterances: {', '.join(p['labels_left_out'])})" if p["labels_left_out"] else ""),
            *([f"labels mapped to {p['mapping']}"] if p.get("mapping") else []),
            f"labels of that name seen in training: {', '.join(seen) if seen else 'none'}",
            f"nearest prototype, {p['distance']}",
            "causal" if p["causal"] else "not causal (later utterances are seen)",
            f"memory: {p['memory']}",
        ]
    )
    rows = [
        [result.system, _percent(m["accuracy"]), _bounds(m["interval_95"]["accuracy"])],
        [reference["system"], _percent(reference["accuracy"]), _bounds(reference["interval_95"]["accuracy"])],
        ["chance", _percent(m["chance"]), ""],
    ]
    gain = m["interval_95"]
    return "\n".join(
        [
            line,
            "",
            *text_table(["accuracy", "mean", "95 % interval over episodes"], rows),
            "",
            f"difference {100 * m['difference']:+.2f}, 95 % interval",
            f"over the same episodes {_bounds(gain['difference'])}",
            f"over the conversations of the queries, examples held fixed "
            f"{_bounds(gain['difference_over_conversations'])}, p = {m['p_value']:.4f} "
            "(approximate randomisation over conversations)",
        ]
    )


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"


def _bounds(bounds: Sequence[float]) -> str:
    return f"{_percent(bounds[0])} – {_percent(bounds[1])}"
