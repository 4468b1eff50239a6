"""Recipes: what a YAML says, for training and labelling alike."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Name -> file of this folder that has it. Imported on first use.
_NAMES = {
    "Recipe": "recipe",
    "TrainingSettings": "training_settings",
    "ablation_names": "load_recipe",
    "change_recipe": "load_recipe",
    "is_ablation": "load_recipe",
    "load_recipe": "load_recipe",
    "read_override": "load_recipe",
    "recipe_folders": "load_recipe",
    "recipe_names": "load_recipe",
}


def __getattr__(name: str) -> Any:
    """Import a name the first time it is asked for."""
    if name not in _NAMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
