"""Systems every table needs beside the trained models: what labels alone, chance, word counts and strangers reach."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from erckit.errors import SettingError, nearest

if TYPE_CHECKING:
    from erckit.models.baselines.baseline import FittedBaseline

# A baseline is one file and one line here; the module is imported when it is needed. baseline/utterance and
# baseline/context are recipes: networks that are trained like any other.
BASELINES: dict[str, str] = {
    "baseline/majority": "erckit.models.baselines.majority:Majority",
    "baseline/chance": "erckit.models.baselines.chance:Chance",
    "baseline/tfidf": "erckit.models.baselines.tfidf:Tfidf",
    "baseline/tfidf_context": "erckit.models.baselines.tfidf:TfidfContext",
}

TEXT_CLASSIFIER_PREFIX = "hf:"


def baseline_class(name: str) -> type[FittedBaseline]:
    """Class of a baseline.

    Raises:
        SettingError: No baseline of that name; the message names the nearest.
    """
    if name not in BASELINES:
        raise SettingError(f"unknown baseline '{name}'. {nearest(name, BASELINES)}")
    module, _, attribute = BASELINES[name].partition(":")
    found: type[FittedBaseline] = getattr(import_module(module), attribute)
    return found
