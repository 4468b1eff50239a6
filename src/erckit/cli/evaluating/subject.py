"""Which of a command's names mean recipes."""

from __future__ import annotations

from pathlib import Path


def is_recipe(name: str) -> bool:
    """Whether ``name`` means a recipe: a YAML file, or ``model/...`` of a model that has packaged recipes."""
    if Path(name).suffix.lower() in (".yaml", ".yml"):
        return True
    if Path(name).exists():
        return False
    from erckit.recipe.recipe import recipe_names

    # A mistyped recipe should be answered with the nearest recipe, not be looked for among models.
    families = {recipe.partition("/")[0] for recipe in recipe_names()}
    return "/" in name and name.partition("/")[0] in families
