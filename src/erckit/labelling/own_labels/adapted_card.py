"""The model card of an adapted model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    return f"""# {scoring.name}

Labels every utterance of a conversation with one of {len(labeler.label_set)} labels:
{", ".join(labeler.label_set.labels)}.

- Made from: model `{base.name}` ({base.settings.name}, backbone {base.settings.backbone}), its network unchanged
- {_HOW[scoring.scorer.kind]}
- Scores: softmax, temperature fitted on the examples, {held_out}
- Examples right, {held_out}: {found} of {total} ({100 * found / total:.1f} %)

| label | examples | right |
|---|---|---|
{rows}
{alarms}
So few examples tell little: with 8 of them, 6 right is not told apart from 4. Score the model on labelled utterances
of your own that are not among the examples. Put them, some of each label, into the file `test.csv` of a folder (the
columns are those of the examples): `erckit evaluate MODEL --corpus FOLDER --split test`.

## Intended use
Research, and exploring transcripts of one's own. A label says that an utterance is like the examples, not what a
person feels.

## Not intended
Decisions about people: hiring, schooling, credit, policing, health. Emotion inference is restricted by law in some
places and settings.
"""
