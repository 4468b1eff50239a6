"""Recipes: a YAML that names a model and a corpus and sets values. Never code."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from erckit.causal.lora import LoraSettings
from erckit.errors import SettingError
from erckit.models.model_settings import model_settings, settings_values
from erckit.models.prompts import PROMPT_STYLES, prompt_style
from erckit.networks.shared_settings import ModelSettings
from erckit.prompting.context.context_settings import ContextSettings
from erckit.read_when import only, read_when
from erckit.recipe.check_keys import check_keys
from erckit.recipe.training_settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model, a corpus and the values to train one on the other.

    Args:
        name: Short name, such as ``emonet/emorynlp``.
        corpus: Name of the corpus.
        map: Label set or mapping file its labels are mapped to before training; empty for its own labels; ``apart``
            for each part of a mixture with its own.
        leave_out: Conversations of the corpus that are neither learnt from nor scored, by id; for instance those that
            another corpus shares. Forgotten where ``corpus`` is replaced.
        is_alone: Whether every labelled utterance is a conversation of its own.
        model: See ``ModelSettings``.
        style: Settings of an LLM system's prompts, by key of its style in ``erckit.prompting``.
        context: What its prompts are given besides the conversation, see ``ContextSettings``.
        lora: Its adapters, see ``LoraSettings``.
        training: See ``TrainingSettings``.
    """

    name: str = "recipe"
    corpus: str = "emorynlp"
    map: str = ""
    leave_out: tuple[str, ...] = ()
    is_alone: bool = False
    model: ModelSettings = field(default_factory=lambda: model_settings({}))
    style: Mapping[str, Any] = field(default_factory=dict)
    context: ContextSettings = field(default_factory=ContextSettings)
    lora: LoraSettings = field(default_factory=LoraSettings, metadata=read_when(only("training.llm.is_trained", True)))
    training: TrainingSettings = field(default_factory=TrainingSettings)

    def __post_init__(self) -> None:
        if self.is_llm:
            prompt_style(self.model.name, self.style)
        elif self.style:
            raise SettingError(
                f"'style' is for LLM systems ({', '.join(PROMPT_STYLES)}); model '{self.model.name}' is none. Leave "
                "it out."
            )
        check_keys(self)

    @property
    def is_llm(self) -> bool:
        """Whether the model is a causal LM that reads prompts."""
        return self.model.name in PROMPT_STYLES

    @property
    def removes_prior(self) -> bool:
        """Whether the label prior is taken off: as the recipe says, else where nothing is trained."""
        said = self.context.removes_prior
        return not self.training.llm.is_trained if said is None else said

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionary, as it would stand in YAML with nothing left open."""
        values = dataclasses.asdict(self)
        values["model"] = settings_values(self.model)
        values["context"]["removes_prior"] = self.removes_prior
        if self.is_llm:  # with the wording, which a trained model keeps
            values["style"] = dataclasses.asdict(prompt_style(self.model.name, self.style).settings)
        return values
