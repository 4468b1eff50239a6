"""Published systems, one file each. A new one is a file and a line in ``MODELS``."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from erckit.errors import SettingError, nearest

MODELS = {
    "compm": "erckit.models.tuned.compm:CoMPM",
    "dialogue_rnn": "erckit.models.context.dialogue_rnn:DialogueRNN",
    "emonet": "erckit.models.tuned.emonet:EmoNet",
    "emonet_frozen": "erckit.models.context.emonet_frozen:EmoNetFrozen",
    "sentemo": "erckit.models.context.sentemo:SentEmo",
}


def model_class(name: str) -> type[Any]:
    """Class of a published system, or of one that another package registers under ``erckit.models``.

    Raises:
        SettingError: No system of that name.
    """
    table = MODELS if name in MODELS else model_table()  # looking for other packages takes a moment
    if name not in table:
        raise SettingError(f"unknown model '{name}'. {nearest(name, table)}")
    module, _, attribute = table[name].partition(":")
    return getattr(import_module(module), attribute)  # type: ignore[no-any-return]


def model_table() -> dict[str, str]:
    """Where every system with a network of its own stands, those of other packages included."""
    return {**{point.name: point.value for point in entry_points(group="erckit.models")}, **MODELS}
