"""The model card that stands in a model folder: one frame for every kind of model, its facts by kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from erckit.labels import LabelSet
from erckit.model_folder.folder import Calibration
from erckit.model_folder.network_folder import PretrainedModel

RESEARCH = (
    "Research on emotion in conversation, and exploring transcripts of one's own. Labels describe how an utterance "
    "would be\nannotated in the training data, not what a person feels."
)
DEV_IS_TOO_HIGH = (
    "The dev score chose the epoch and is therefore too high; the test score stands in the result file, "
    "if one was made."
)


def card(
    name: str,
    label_set: LabelSet,
    facts: Sequence[str],
    notes: str,
    *,
    noun: str = "emotions",
    intended: str = RESEARCH,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """A model card as Markdown.

    Args:
        name: The model's name.
        label_set: Its labels.
        facts: What it is and how it was made, a line each.
        notes: What stands below the facts.
        noun: What its labels are called.
        intended: Its intended use.
        settings: How it was trained, as a table; None for no table.
    """
    lines = "\n".join(f"- {fact}" for fact in facts)
    text = f"""# {name}

Labels every utterance of a conversation with one of {len(label_set)} {noun}:
{", ".join(label_set.labels)}.

{lines}
{notes}

## Intended use
{intended}

## Not intended
Decisions about people: hiring, schooling, credit, policing, health. Emotion inference is restricted by law in some
places and settings.
"""
    if settings is None:
        return text
    rows = "\n".join(f"| {key} | {value} |" for key, value in settings.items())
    return f"{text}\n## Training\n\n| setting | value |\n|---|---|\n{rows}\n"


def training_facts(recipe: Mapping[str, Any], scores: Mapping[str, Any], calibration: Calibration) -> list[str]:
    """Facts of a training: its corpus, what was chosen on dev, and the dev score."""
    dev, metric = scores.get("dev", {}), scores.get("selected_by", "weighted_f1")
    known = calibration.temperature
    temperature = "not calibrated" if known is None else f"temperature {known:.3f}"
    return [
        f"Trained on: the train split of `{recipe.get('corpus')}`; epoch chosen on dev, {temperature} fitted on dev",
        f"Dev: {metric} {100 * dev.get(metric, float('nan')):.2f}, epoch {dev.get('epoch', -1) + 1}",
    ]


def model_card(pretrained: PretrainedModel, training: Mapping[str, Any]) -> str:
    """Markdown: what the model is, what it was trained on and how, how it scored on dev, what it is not for."""
    settings = pretrained.settings
    trained = sum(p.numel() for p in pretrained.model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in pretrained.model.parameters())
    facts = [
        f"System: {settings.name}, attention `{settings.attention}`, "
        + ("causal" if pretrained.is_causal else "not causal"),
        f"Backbone: {settings.backbone}, sha256 `{pretrained.backbone_sha256}`",
        f"Parameters: {total:,}, of which {trained:,} trained",
        f"Speaker: identity `{settings.speaker.identity}`, form `{settings.speaker.form}`",
        f"History: `{settings.history.scope}`, last {settings.history.window} utterances, "
        f"order `{settings.history.order}`",
        *training_facts(pretrained.recipe, pretrained.scores or {}, Calibration(pretrained.temperature)),
    ]
    return card(pretrained.name, pretrained.label_set, facts, f"\n{DEV_IS_TOO_HIGH}", settings=training)
