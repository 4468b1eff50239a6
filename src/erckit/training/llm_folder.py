"""Writes the model folder of a trained LLM system: adapter, demonstrations, examples, calibration and card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from erckit.causal.causal_lm import CausalLM
from erckit.corpora.corpus import Corpus
from erckit.model_folder.adapter_card import adapter_card
from erckit.model_folder.adapter_folder import AdapterFolder
from erckit.model_folder.tensors import trained_tensors
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.prompting.context.demonstrations import DEMONSTRATIONS, demonstration_text
from erckit.prompting.context.example_pool import EXAMPLES, example_text
from erckit.recipe.recipe import Recipe


def write_llm_folder(
    folder: Path,
    recipe: Recipe,
    corpus: Corpus,
    lm: CausalLM,
    builder: ContextBuilder,
    temperature: float,
    scores: Mapping[str, Any],
    offsets: Sequence[float] | None = None,
) -> None:
    """Write a model folder, whole or not at all.

    Args:
        folder: Replaced if it exists.
        recipe: What was trained.
        corpus: On what.
        lm: The causal LM with its trained adapters.
        builder: Of its prompts; its demonstrations and examples go into the folder, as labelling needs them.
        temperature: Fitted on dev.
        scores: Dev scores, training time and the like.
        offsets: What is added to each label's score, chosen on dev, (L,); None for nothing.
    """
    files = {} if builder.pool is None else {DEMONSTRATIONS: demonstration_text(builder.pool)}
    if builder.examples is not None:
        files[EXAMPLES] = example_text(builder.examples)
    settings = json.loads(json.dumps(recipe.to_dict()))
    found = AdapterFolder(
        name=recipe.name.replace("/", "-"),
        system=recipe.model.name,
        base=recipe.model.backbone,
        base_sha256=lm.sha256,
        label_set=corpus.label_set,
        lora=recipe.lora,
        tensors=trained_tensors(lm.model) if recipe.training.llm.is_trained else {},
        recipe={**settings, "corpus": corpus.name},
        temperature=temperature,
        scores=scores,
        anonymous=tuple(sorted(corpus.anonymous_speakers)),
        files=files,
        offsets=None if offsets is None else tuple(map(float, offsets)),
    )
    parameters = sum(p.numel() for p in lm.model.parameters())
    found.save(folder, adapter_card(found, asdict(recipe.training), parameters, builder.style.is_causal))
