"""Give a model a user's own labels from a handful of examples, without touching its network."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.errors import ModelFolderError, SettingError
from erckit.labelling.labeler import Labeler
from erckit.labelling.own_labels.adapted_folder import check_target, save_adapted
from erckit.labelling.own_labels.examples import Examples
from erckit.labelling.own_labels.kept_labels import KeptLabels
from erckit.labelling.own_labels.light_head import LightHead
from erckit.labelling.own_labels.prototypes import Prototypes
from erckit.labelling.own_labels.scorer import Scorer, Scoring
from erckit.labels import LabelSet
from erckit.model_folder.card import card

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling.labeler import Labeler

_HOW = {
    "prototypes": "An utterance gets the label of the nearest prototype, the mean of a label's examples",
    "light_head": "Labels come from a logistic regression on the vectors of the examples",
    "kept_labels": "Prototypes say how likely each new label is; the rest goes to the model's own labels as its own "
    "head scores them",
}
SEEN_ALARMS = " (the prototypes are made from some of them; on others it may be more)"


def adapted_card(
    labeler: Labeler, right: Mapping[str, tuple[int, int]], false_alarms: float | None, alarm_split: str = ""
) -> str:
    """Markdown: what the model was made from, and how many of its examples it labels right when they are left out."""
    scoring = labeler.scoring
    assert scoring is not None
    base = labeler.pretrained
    rows = "\n".join(f"| {label} | {count} | {found} |" for label, (found, count) in right.items())
    total, found = sum(count for _, count in right.values()), sum(found for found, _ in right.values())
    held_out = "in the folds that did not hold them" if scoring.scorer.kind == "light_head" else "each left out in turn"
    alarms = (
        f"\nOf utterances of {scoring.settings.get('corpus')}/{alarm_split}, {100 * false_alarms:.1f} % get one of the "
        f"new labels though they have another{SEEN_ALARMS if alarm_split == 'train' else ''}.\n"
        if false_alarms is not None
        else ""
    )
    facts = [
        f"Made from: model `{base.name}` ({base.settings.name}, backbone {base.settings.backbone}), "
        "its network unchanged",
        _HOW[scoring.scorer.kind],
        f"Scores: softmax, temperature fitted on the examples, {held_out}",
        f"Examples right, {held_out}: {found} of {total} ({100 * found / total:.1f} %)",
    ]
    notes = f"""
| label | examples | right |
|---|---|---|
{rows}
{alarms}
So few examples tell little: with 8 of them, 6 right is not told apart from 4. Score the model on labelled utterances
of your own that are not among the examples. Put them, some of each label, into the file `test.csv` of a folder (the
columns are those of the examples): `erckit evaluate MODEL --corpus FOLDER --split test`."""
    return card(
        scoring.name,
        labeler.label_set,
        facts,
        notes,
        noun="labels",
        intended="Research, and exploring transcripts of one's own. A label says that an utterance is like the "
        "examples, not what a\nperson feels.",
    )


_PER_LABEL = 50  # utterances of each own label that are enough for its prototype
_CONVERSATIONS = 150
NEEDS_CORPUS = (
    "needs the corpus the model was trained on: --corpus NAME, with --from DIR where its files are elsewhere. "
    "Or leave out --keep-labels to replace all labels of the model."
)


@dataclass(frozen=True, slots=True)
class Adapted:
    """What came of it.

    Args:
        labeler: Labels with the new labels.
        right: Label to how many of its examples were labelled right while left out, and how many there are.
        false_alarms: With kept labels: share of utterances with an own label that got a new one; else None.
        alarm_split: Split of the corpus that this was measured on, empty without kept labels.
    """

    labeler: Labeler
    right: dict[str, tuple[int, int]]
    false_alarms: float | None
    alarm_split: str = ""

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
    Prototypes of the own labels are then means over some conversations of the corpus' train split. A handful of
    examples cannot say how far from them utterances with own labels lie, so there is no adding labels without a corpus.

    Args:
        labeler: The model, with its own label head.
        base: What the user called it; stands in the folder.
        examples: See ``read_examples``.
        out: The folder; it may be new, empty, or an adapted model, which is replaced.
        head: Fit a light head; not with ``keep_labels``.
        keep_labels: Add to the model's labels.
        corpus: With ``keep_labels``: has the model's labels; needed then.
        distance: ``euclidean`` or ``cosine``.
        report: Called with the number of utterances encoded.

    Raises:
        SettingError: Options that do not go together, or a corpus with other labels.
        ModelFolderError: The model is an adapted one, or the folder may not be replaced.
    """
    started = time.perf_counter()
    if labeler.scoring is not None:
        raise ModelFolderError(
            f"{labeler.about.folder}: is an adapted model itself. Adapt the model it was made from, with all examples."
        )
    if head and keep_labels:
        raise SettingError("a light head replaces the model's labels; leave out --head or --keep-labels.")
    if keep_labels and corpus is None:
        raise SettingError(f"keeping the labels of '{labeler.name}' {NEEDS_CORPUS}")
    check_target(out, labeler.about.folder, base)
    new = LabelSet(examples.labels, _neutral(examples.labels)) if len(examples.labels) > 1 else None
    vectors, names = _labelled(labeler, examples.conversations, report)
    false_alarms, alarm_split = None, ""
    scorer: Scorer
    if keep_labels:
        assert corpus is not None
        own = labeler.label_set
        everything = LabelSet((*own.labels, *examples.labels), own.neutral)
        scorer, found = _keep(labeler, everything, vectors, names, corpus, distance, report)
        predicted = [everything.labels[i] for i in found]
        false_alarms, alarm_split = _false_alarms(labeler, scorer, corpus, report)
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
    accuracy = sum(r for r, _ in right.values()) / len(names)
    settings: dict[str, Any] = {
        "kind": scorer.kind,
        "base": labeler.name,
        "distance": scorer.values().get("distance"),
        "examples": {label: count for label, (_, count) in right.items()},
        "keeps_labels": keep_labels,
        "corpus": corpus.name if corpus is not None else None,
        "false_alarms_split": alarm_split or None,
        "selected_on": "the examples",
    }
    scores = {"leave_one_out_accuracy": accuracy, "false_alarms": false_alarms}
    scores["training_seconds"] = round(time.perf_counter() - started, 2)
    adapted = labeler.with_scoring(Scoring(scorer, out.name or "adapted", settings, scores))
    card = adapted_card(adapted, right, false_alarms, alarm_split)
    assert adapted.scoring is not None
    save_adapted(out, adapted.scoring, base, labeler.about.folder, card)
    return Adapted(adapted, right, false_alarms, alarm_split)


def _keep(
    labeler: Labeler,
    everything: LabelSet,
    vectors: NDArray[np.float32],
    names: Sequence[str],
    corpus: Corpus,
    distance: str,
    report: Callable[[int], None] | None,
) -> tuple[KeptLabels, list[int]]:
    """The scorer, and label positions predicted for the left-out examples."""
    from erckit.networks.inference import score_vectors

    own = labeler.label_set
    if set(corpus.label_set.labels) != set(own.labels):
        raise SettingError(
            f"corpus '{corpus.name}' has the labels {', '.join(corpus.label_set.labels)}, the model "
            f"{', '.join(own.labels)}. Name the corpus that the model was trained on."
        )
    known, known_names = _labelled(labeler, _some_conversations(corpus.split("train"), own), report)
    together = np.concatenate([known, vectors])
    gold = np.asarray(everything.indices([*known_names, *names]))
    prototypes = Prototypes.fit(together, gold, everything, distance=distance, levels=True)
    # The only utterance of a label lies at distance 0 from its mean: it says nothing of how sure to be.
    several = prototypes.counts[gold] > 1
    left_out = prototypes.left_out_logits(together[several], gold[several])
    prototypes = prototypes.calibrated(left_out, gold[several])
    scorer = KeptLabels(prototypes, len(own), labeler.temperature or 1.0)
    examples = left_out[-len(vectors) :] / (prototypes.temperature or 1.0)  # each new label has several
    found = scorer.combine(examples, score_vectors(labeler.pretrained.model, vectors)).argmax(axis=1)
    return scorer, found.tolist()


def _false_alarms(
    labeler: Labeler, scorer: KeptLabels, corpus: Corpus, report: Callable[[int], None] | None
) -> tuple[float, str]:
    """Share of utterances with own labels that get a new one, and the split: dev, which the prototypes are not from.

    A corpus without dev has only train to offer, where the prototypes of the own labels lie a little too near.
    """
    from erckit.networks.inference import score_vectors

    for split in ("dev", "train"):
        conversations = list(corpus.splits.get(split, ()))
        Random(2).shuffle(conversations)
        chosen = conversations[:_CONVERSATIONS]
        if any(utterance.label is not None for one in chosen for utterance in one.utterances):
            break
    vectors, _ = _labelled(labeler, chosen, report)
    found = scorer.logits(vectors, score_vectors(labeler.pretrained.model, vectors)).argmax(axis=1)
    return float((found >= scorer.own).mean()), split


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


def _count_right(names: Sequence[str], predicted: Sequence[str]) -> dict[str, tuple[int, int]]:
    counts, right = Counter(names), Counter(name for name, other in zip(names, predicted, strict=True) if name == other)
    return {label: (right[label], count) for label, count in counts.items()}


def _neutral(labels: Sequence[str]) -> str | None:
    return next((label for label in labels if label.casefold() == "neutral"), None)
