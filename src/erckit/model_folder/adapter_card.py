"""The model card of an LLM system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.model_folder.adapter_folder import AdapterFolder


def adapter_card(folder: AdapterFolder, training: Mapping[str, Any], parameters: int, is_causal: bool) -> str:
    """Markdown: what the model is, which causal LM it needs, what it was trained on, what it is not for.

    Args:
        folder: What is written.
        training: Settings of the training.
        parameters: Of the causal LM with its adapters.
        is_causal: Whether nothing said later is in a prompt.
    """
    dev = folder.scores.get("dev", {})
    metric = folder.scores.get("selected_by", "weighted_f1")
    trained = sum(t.numel() for t in folder.tensors.values())
    temperature = "not calibrated" if folder.temperature is None else f"temperature {folder.temperature:.3f}"
    rows = "\n".join(f"| {key} | {value} |" for key, value in training.items())
    lora = folder.lora
    what = (
        f"LoRA rank {lora.rank}, alpha {lora.alpha:g}, on {', '.join(lora.targets)}"
        if trained
        else "nothing was trained (zero-shot)"
    )
    pool = (
        "\nIt holds labelled texts of that corpus, which its prompts show as examples "
        f"({', '.join(f'`{name}`' for name in sorted(folder.files))}): pass it on only as the corpus' licence allows.\n"
        if folder.files
        else ""
    )
    adjusted = ""
    if folder.offsets is not None:
        moved = ", ".join(
            f"{label} {offset:+.1f}" for label, offset in zip(folder.label_set.labels, folder.offsets, strict=True)
        )
        score = 100 * folder.scores.get("dev_unadjusted", {}).get(metric, float("nan"))
        adjusted = f"\n- Added to the labels' scores, chosen on dev: {moved}; dev {metric} without {score:.2f}"
    return f"""# {folder.name}

Labels every utterance of a conversation with one of {len(folder.label_set)} emotions:
{", ".join(folder.label_set.labels)}.

- System: {folder.system}, prompts scored in one pass over the conversation, {"causal" if is_causal else "not causal"}
- Base model: `{folder.base}`, sha256 `{folder.base_sha256}`; it is not part of this folder
- Adapter: {what}; {trained:,} of {parameters:,} parameters trained
- Trained on: the train split of `{folder.recipe.get("corpus")}`; epoch chosen on dev, {temperature} fitted on dev
- Dev: {metric} {100 * dev.get(metric, float("nan")):.2f}, epoch {dev.get("epoch", -1) + 1}{adjusted}
{pool}
The dev score chose the epoch and is therefore too high; the test score stands in the result file, if one was made.
Scores are label likelihoods: no text is generated, so no answer has to be parsed.

## Intended use
Research on emotion in conversation, and exploring transcripts of one's own. Labels describe how an utterance would be
annotated in the training data, not what a person feels.

## Not intended
Decisions about people: hiring, schooling, credit, policing, health. Emotion inference is restricted by law in some
places and settings.

## Training

| setting | value |
|---|---|
{rows}
"""
