"""Prompt styles by name. A new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from erckit.errors import SettingError, nearest
from erckit.prompting.prompt.prompt_style import PromptStyle
from erckit.settings import settings_from_dict

PROMPT_STYLES = {
    "instruct_erc": "erckit.models.prompts.instruct_erc:InstructErc",
    "bios_erc": "erckit.models.prompts.bios_erc:BiosErc",
    "laerc_s": "erckit.models.prompts.laerc_s:LaercS",
    "ckerc": "erckit.models.prompts.ckerc:Ckerc",
    "emonet_llm": "erckit.models.prompts.emonet_llm:EmonetLlm",
    "last_utterance": "erckit.models.prompts.last_utterance:LastUtterance",
}


def prompt_style(name: str, settings: Mapping[str, Any] | None = None) -> PromptStyle:
    """A prompt style with its settings.

    Args:
        name: A name of ``PROMPT_STYLES``.
        settings: Keys of the style's settings; those left out keep their defaults.

    Raises:
        SettingError: No such style, key or value; the message names the nearest.
    """
    if name not in PROMPT_STYLES:
        raise SettingError(f"unknown prompt style '{name}'. {nearest(name, PROMPT_STYLES)}")
    module, _, attribute = PROMPT_STYLES[name].partition(":")
    style: type[PromptStyle] = getattr(import_module(module), attribute)
    return style(settings_from_dict(style.settings_class, settings or {}, "style."))
