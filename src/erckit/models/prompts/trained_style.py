"""The prompt style that a trained model was asked with."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from erckit.models.prompts import prompt_style
from erckit.prompting.prompt.prompt_style import SHOWN_WORDS, PromptStyle

# What prompts said before their wording was written down.
_FIRST: Mapping[str, Any] = {"wording": 1, "recent_texts": True, "demonstration_words": SHOWN_WORDS}


def trained_style(name: str, recorded: Mapping[str, Any]) -> PromptStyle:
    """A prompt style with the settings that a model folder has, and the words that its model was trained with.

    Args:
        name: A name of ``PROMPT_STYLES``.
        recorded: Settings of the style. Where they do not say which wording, it is the first.

    Raises:
        SettingError: No such style, key or value: a folder of another version of erckit.
    """
    if "wording" in recorded:
        return prompt_style(name, recorded)
    known = {field.name for field in dataclasses.fields(prompt_style(name).settings_class)}
    return prompt_style(name, {**{key: value for key, value in _FIRST.items() if key in known}, **recorded})
