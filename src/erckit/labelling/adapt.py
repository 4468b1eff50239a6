"""Give a model a user's own labels from a handful of examples, without touching its network."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.errors import ModelFolderError, SettingError
from erckit.labelling.adapted_card import adapted_card
from erckit.labelling.adapted_folder import save_adapted
from erckit.labelling.examples import Examples
from erckit.labelling.kept_labels import KeptLabels
from erckit.labelling.labeler import Labeler
from erckit.labelling.light_head import LightHead
from erckit.labelling.prototypes import Prototypes
from erckit.labelling.scorer import Scorer, Scoring
from erckit.labels import LabelSet

if TYPE_CHECKING:
    from erckit.corpora import Corpus

_PER_LABEL = 50  # utterances of each own label that are enough for its prototype
_CONVERSATIONS = 150
_LEAST, _MOST = 4, 64  # examples of a label that this is made for


@dataclass(frozen=True, slots=True)
class Adapted:
    """What came of it.

    Args:
        labeler: Labels with the new labels.
        right: Label to how many of its examples were labelled right while left out, and how many there are.
        false_alarms: With kept labels and a corpus: share of its utterances that got a new label; else None.
        lines: Remarks.
    """

    labeler: Labeler
    right: dict[str, tuple[int, int]]
    false_alarms: float | None
    lines: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        """Share of the examples that were labelled right while left out, in [0, 1]."""
        return sum(right for right, _ in self.right.values()) / sum(count for _, count in self.right.values())


def adapt(
    labeler: Labeler,
    base: str | Path,
    examples: Examples,
    out: Path,
    *,
    head: bool = False,
    keep_labels: bool = False,
    corpus: Corpus | None = None,
    distance: str = "cosine",
    report: Callable[[int], None] | None = None,
) -> Adapted:
    """Make a model with new labels and write its folder.

    Every new label becomes the mean of its examples' vectors; with ``head`` a logistic regression is fitted to
    them. With ``keep_labels`` the new labels join the model's own, which keep their head: see :class:`KeptLabels`.
    Prototypes of the own labels are then means over some conversations of the corpus' train split. Without a corpus
    they are put where the weights of the label head point (for a trained network class means and head weights point
    the same way: Papyan, Han and Donoho 2020, neural collapse), which is rough; directions alone count then.

    Args:
        labeler: The model, with its own label head.
        base: What the user called it; stands in the folder.
        examples: See ``read_examples``.
        out: The folder, replaced if it exists.
        head: Fit a light head; not with ``keep_labels``.
        keep_labels: Add to the model's labels.
        corpus: With ``keep_labels``: has the model's labels.
        distance: ``euclidean`` or ``cosine``.
        report: Called with the number of utterances encoded.

    Raises:
        SettingError: Options that do not go together, or a corpus with other labels.
        ModelFolderError: The model is an adapted one.
    """
    started = time.perf_counter()
    if labeler.scoring is not None:
        raise ModelFolderError(
            f"{labeler.folder}: is an adapted model itself. Adapt the model it was made from, with all examples."
        )
    if head and keep_labels:
        raise SettingError("a light head replaces the model's labels; leave out --head or --keep-labels.")
    lines: list[str] = []
    new = LabelSet(examples.labels, _neutral(examples.labels)) if len(examples.labels) > 1 else None
    vectors, names = _labelled(labeler, examples.conversations, report)
    false_alarms = None
    scorer: Scorer
    if keep_labels:
        own = labeler.label_set
        everything = LabelSet((*own.labels, *examples.labels), own.neutral)
        scorer, found, false_alarms = _keep(labeler, everything, vectors, names, corpus, distance, lines, report)
        predicted = [everything.labels[i] for i in found]
    else:
        assert new is not None
        gold = new.indices(names)
        prototypes = Prototypes.fit(vectors, gold, new, distance=distance)
        left_out = prototypes.left_out_logits(vectors, gold)
        scorer = prototypes.calibrated(left_out, gold)
        if head:
            scorer, left_out = LightHead.fit(vectors, gold, new)
        predicted = [new.labels[i] for i in left_out.argmax(axis=1)]
    right = _count_right(names, predicted)
    few = [label for label, (_, count) in right.items() if count < _LEAST]
    if few:
        lines.append(f"fewer than {_LEAST} examples of {', '.join(few)}: what is said of them here is close to chance")
    many = [f"{label} ({count})" for label, (_, count) in right.items() if count > _MOST]
    if many:
        lines.append(
            f"more than {_MOST} examples of {', '.join(many)}: all are used, but with so many a model trained on them "
            "('erckit train' with a corpus of your own) is likely better"
        )
    accuracy = sum(r for r, _ in right.values()) / len(names)
    settings: dict[str, Any] = {
        "kind": scorer.kind,
        "base": labeler.name,
        "distance": scorer.values().get("distance"),
        "examples": {label: count for label, (_, count) in right.items()},
        "keeps_labels": keep_labels,
        "corpus": corpus.name if corpus is not None else None,
        "selected_on": "the examples",
    }
    scores = {"leave_one_out_accuracy": accuracy, "false_alarms": false_alarms}
    scores["training_seconds"] = round(time.perf_counter() - started, 2)
    adapted = labeler.with_scoring(Scoring(scorer, out.name or "adapted", settings, scores))
    card = adapted_card(adapted, right, false_alarms)
    assert adapted.scoring is not None
    save_adapted(out, adapted.scoring, base, labeler.folder, card)
    return Adapted(adapted, right, false_alarms, tuple(lines))


def _keep(
    labeler: Labeler,
    everything: LabelSet,
    vectors: NDArray[np.float32],
    names: Sequence[str],
    corpus: Corpus | None,
    distance: str,
    lines: list[str],
    report: Callable[[int], None] | None,
) -> tuple[KeptLabels, list[int], float | None]:
    """The scorer, label positions predicted for the left-out examples, and the share of false alarms."""
    from erckit.models.inference import score_vectors

    own = labeler.label_set
    known: NDArray[np.float32] | None = None
    if corpus is not None:
        if set(corpus.label_set.labels) != set(own.labels):
            raise SettingError(
                f"corpus '{corpus.name}' has the labels {', '.join(corpus.label_set.labels)}, the model "
                f"{', '.join(own.labels)}. Name the corpus that the model was trained on."
            )
        chosen = _some_conversations(corpus.split("train"), own)
        known, known_names = _labelled(labeler, chosen, report)
    else:
        distance = "cosine"  # the head tells directions only
        known, known_names = _head_points(labeler, vectors), list(own.labels)
        lines.append(
            "prototypes of the model's own labels are guessed from its label head; name its corpus with --corpus for "
            "better ones"
        )
    together = np.concatenate([known, vectors])
    gold = everything.indices([*known_names, *names])
    prototypes = Prototypes.fit(together, gold, everything, distance=distance, levels=corpus is not None)
    # Single points from the head cannot be left out; they stay as they are.
    several = prototypes.counts[np.asarray(gold)] > 1
    left_out = prototypes.logits(together)
    left_out[several] = prototypes.left_out_logits(together[several], np.asarray(gold)[several])
    prototypes = prototypes.calibrated(left_out, gold)
    scorer = KeptLabels(prototypes, len(own), labeler.temperature or 1.0)
    best = (left_out / (prototypes.temperature or 1.0)).astype(np.float64)
    own_logits = score_vectors(labeler.pretrained.model, together)
    found = scorer.combine(best, own_logits).argmax(axis=1)
    false_alarms = float((found[: len(known)] >= len(own)).mean()) if corpus is not None else None
    return scorer, found[len(known) :].tolist(), false_alarms


def _labelled(
    labeler: Labeler, conversations: Sequence[Conversation], report: Callable[[int], None] | None
) -> tuple[NDArray[np.float32], list[str]]:
    """Vectors and labels of the utterances that have a label."""
    vectors = np.concatenate(labeler.vectors(conversations, report=report))
    labels = [utterance.label for one in conversations for utterance in one.utterances]
    keep = [i for i, label in enumerate(labels) if label is not None]
    return vectors[keep], [str(labels[i]) for i in keep]


def _some_conversations(conversations: Sequence[Conversation], label_set: LabelSet) -> list[Conversation]:
    """Enough of them for a prototype of each label, drawn with a fixed seed."""
    order = list(conversations)
    Random(1).shuffle(order)
    counts: Counter[str] = Counter()
    chosen = []
    for one in order[:_CONVERSATIONS]:
        chosen.append(one)
        counts.update(utterance.label for utterance in one.utterances if utterance.label is not None)
        if all(counts[label] >= _PER_LABEL for label in label_set.labels):
            break
    missing = [label for label in label_set.labels if counts[label] < 2]
    for one in order[_CONVERSATIONS:]:  # rare labels, wherever they are
        found = {utterance.label for utterance in one.utterances}
        if missing and found & set(missing):
            chosen.append(one)
            counts.update(utterance.label for utterance in one.utterances if utterance.label is not None)
            missing = [label for label in label_set.labels if counts[label] < 2]
    return chosen


def _head_points(labeler: Labeler, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """A point for each own label: from the middle of the examples along the weights of the head, (L, V)."""
    from erckit.models.inference import score_vectors

    width = vectors.shape[1]
    probe = np.concatenate([np.zeros((1, width)), np.eye(width)]).astype(np.float32)
    logits = score_vectors(labeler.pretrained.model, probe).astype(np.float64)
    weight = (logits[1:] - logits[0]).T  # (L, V), of any head that is linear
    weight = weight - weight.mean(axis=0)
    middle = vectors.mean(axis=0)
    reach = float(np.linalg.norm(vectors - middle, axis=1).mean()) or 1.0
    lengths = np.linalg.norm(weight, axis=1, keepdims=True)
    points: NDArray[np.float32] = (middle + reach * weight / np.maximum(lengths, 1e-12)).astype(np.float32)
    return points


def _count_right(names: Sequence[str], predicted: Sequence[str]) -> dict[str, tuple[int, int]]:
    counts, right = Counter(names), Counter(name for name, other in zip(names, predicted, strict=True) if name == other)
    return {label: (right[label], count) for label, count in counts.items()}


def _neutral(labels: Sequence[str]) -> str | None:
    return next((label for label in labels if label.casefold() == "neutral"), None)
