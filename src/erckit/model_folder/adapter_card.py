"""The model card of an LLM system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from erckit.model_folder.adapter_folder import AdapterFolder
from erckit.model_folder.card import DEV_IS_TOO_HIGH, card, training_facts
from erckit.model_folder.folder import Calibration


def adapter_card(folder: AdapterFolder, training: Mapping[str, Any], parameters: int, is_causal: bool) -> str:
    """Markdown: what the model is, which causal LM it needs, what it was trained on, what it is not for.

    Args:
        folder: What is written.
        training: Settings of the training.
        parameters: Of the causal LM with its adapters.
        is_causal: Whether nothing said later is in a prompt.
    """
    trained = sum(t.numel() for t in folder.tensors.values())
    lora = folder.lora
    what = (
        f"LoRA rank {lora.rank}, alpha {lora.alpha:g}, on {', '.join(lora.targets)}"
        if trained
        else "nothing was trained (zero-shot)"
    )
    facts = [
        f"System: {folder.system}, prompts scored in one pass over the conversation, "
        + ("causal" if is_causal else "not causal"),
        f"Base model: `{folder.base}`, sha256 `{folder.base_sha256}`; it is not part of this folder",
        f"Adapter: {what}; {trained:,} of {parameters:,} parameters trained",
        *training_facts(folder.recipe, folder.scores, Calibration(folder.temperature)),
    ]
    if folder.offsets is not None:
        moved = ", ".join(
            f"{label} {offset:+.1f}" for label, offset in zip(folder.label_set.labels, folder.offsets, strict=True)
        )
        metric = folder.scores.get("selected_by", "weighted_f1")
        score = 100 * folder.scores.get("dev_unadjusted", {}).get(metric, float("nan"))
        facts.append(f"Added to the labels' scores, chosen on dev: {moved}; dev {metric} without {score:.2f}")
    pool = (
        "\nIt holds labelled texts of that corpus, which its prompts show as examples "
        f"({', '.join(f'`{name}`' for name in sorted(folder.files))}): pass it on only as the corpus' licence allows.\n"
        if folder.files
        else ""
    )
    notes = (
        f"{pool}\n{DEV_IS_TOO_HIGH}\nScores are label likelihoods: no text is generated, so no answer has to be parsed."
    )
    return card(folder.name, folder.label_set, facts, notes, settings=training)
