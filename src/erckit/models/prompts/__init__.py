"""Prompt styles by name. A new one is a file and a line here."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from erckit.errors import SettingError, nearest
from erckit.prompting.prompt.prompt_style import SHOWN_WORDS, PromptStyle
from erckit.settings import settings_from_dict

PROMPT_STYLES = {
    "instruct_erc": "erckit.models.prompts.instruct_erc:InstructErc",
    "bios_erc": "erckit.models.prompts.bios_erc:BiosErc",
    "laerc_s": "erckit.models.prompts.laerc_s:LaercS",
    "ckerc": "erckit.models.prompts.ckerc:Ckerc",
    "emonet_llm": "erckit.models.prompts.emonet_llm:EmonetLlm",
    "last_utterance": "erckit.models.prompts.last_utterance:LastUtterance",
}


def prompt_style_class(name: str) -> type[PromptStyle]:
    """Class of a prompt style.

    Raises:
        SettingError: No such style; the message names the nearest.
    """
    if name not in PROMPT_STYLES:
        raise SettingError(f"unknown prompt style '{name}'. {nearest(name, PROMPT_STYLES)}")
    module, _, attribute = PROMPT_STYLES[name].partition(":")
    return getattr(import_module(module), attribute)  # type: ignore[no-any-return]


def prompt_style(name: str, settings: Mapping[str, Any] | None = None) -> PromptStyle:
    """A prompt style with its settings.

    Args:
        name: A name of ``PROMPT_STYLES``.
        settings: Keys of the style's settings; those left out keep their defaults.

    Raises:
        SettingError: No such style, key or value; the message names the nearest.
    """
    style = prompt_style_class(name)
    return style(settings_from_dict(style.settings_class, settings or {}, "style."))


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
