"""The model card that stands in a model folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.model_folder.network_folder import PretrainedModel


def model_card(pretrained: PretrainedModel, training: Mapping[str, Any]) -> str:
    """Markdown: what the model is, what it was trained on and how, how it scored on dev, what it is not for."""
    settings = pretrained.settings
    dev = (pretrained.scores or {}).get("dev", {})
    metric = (pretrained.scores or {}).get("selected_by", "weighted_f1")
    trained = sum(p.numel() for p in pretrained.model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in pretrained.model.parameters())
    temperature = "not calibrated" if pretrained.temperature is None else f"temperature {pretrained.temperature:.3f}"
    settings_rows = "\n".join(f"| {key} | {value} |" for key, value in training.items())
    return f"""# {pretrained.name}

Labels every utterance of a conversation with one of {len(pretrained.label_set)} emotions:
{", ".join(pretrained.label_set.labels)}.

- System: {settings.name}, attention `{settings.attention}`, {"causal" if pretrained.is_causal else "not causal"}
- Backbone: {settings.backbone}, sha256 `{pretrained.backbone_sha256}`
- Parameters: {total:,}, of which {trained:,} trained
- Speaker: identity `{settings.speaker.identity}`, form `{settings.speaker.form}`
- History: `{settings.history.scope}`, last {settings.history.window} utterances, order `{settings.history.order}`
- Trained on: the train split of `{pretrained.recipe.get("corpus")}`; epoch chosen on dev, {temperature} fitted on dev
- Dev: {metric} {100 * dev.get(metric, float("nan")):.2f}, epoch {dev.get("epoch", -1) + 1}

The dev score chose the epoch and is therefore too high; the test score stands in the result file, if one was made.

## Intended use
Research on emotion in conversation, and exploring transcripts of one's own. Labels describe how an utterance would be
annotated in the training data, not what a person feels.

## Not intended
Decisions about people: hiring, schooling, credit, policing, health. Emotion inference is restricted by law in some
places and settings.

## Training

| setting | value |
|---|---|
{settings_rows}
"""
