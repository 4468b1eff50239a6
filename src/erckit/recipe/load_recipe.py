"""Recipes by name: found, read, and changed."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from erckit.errors import SettingError, nearest
from erckit.models.model_settings import changed_values, declared_settings, model_settings, today
from erckit.models.old_keys import OLD_GROUPS, OLD_KEYS, new_place
from erckit.networks.shared_settings import ModelSettings
from erckit.recipe.recipe import Recipe
from erckit.recipe.training_settings import TrainingSettings  # noqa: F401 (the module's old name, still served, has it)
from erckit.recipe.unread_settings import read_settings, refuse_unread, refuse_unread_change
from erckit.settings import settings_from_dict

_DEFAULT_MODEL = ModelSettings().name


def recipe_folders() -> list[Path]:
    """Where short recipe names are looked up: the installed package, or the repository's ``recipes``."""
    package = Path(__file__).resolve().parents[1]
    return [folder for folder in (package / "recipes", package.parents[1] / "recipes") if folder.is_dir()]


def recipe_names() -> list[str]:
    """Short names of all recipes at hand; ablations, which stand beside them, are none."""
    return _names(is_wanted_ablation=False)


def ablation_names() -> list[str]:
    """Short names of all ablations at hand."""
    return _names(is_wanted_ablation=True)


def is_ablation(path: Path) -> bool:
    """Whether a YAML file is an ablation: one of its keys is ``rows``, which no recipe has."""
    # Looked for in the text, as listing names should not have to parse every file.
    try:
        return any(line.startswith(b"rows:") for line in path.read_bytes().splitlines())
    except OSError:
        return False


def _names(is_wanted_ablation: bool) -> list[str]:
    files = {
        str(p.relative_to(folder).with_suffix("")): p for folder in recipe_folders() for p in folder.rglob("*.yaml")
    }
    return sorted(name for name, path in files.items() if is_ablation(path) == is_wanted_ablation)


def load_recipe(
    name: str | Path,
    overrides: Sequence[str] = (),
    *,
    corpus: str | None = None,
    backbone: str | None = None,
    seed: int | None = None,
    mapping: str | None = None,
) -> Recipe:
    """Read a recipe and change values.

    Args:
        name: Path of a YAML file, or a short name such as ``emonet/emorynlp``.
        overrides: ``dotted.key=value``, the value read as YAML.
        corpus: Replaces ``corpus``.
        backbone: Replaces ``model.backbone``.
        seed: Replaces ``training.seed``.
        mapping: Replaces ``map``.

    Raises:
        SettingError: No such recipe, broken YAML, an unknown key or a value that does not fit.
    """
    import yaml

    path = _find(name)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}: not a readable recipe ({' '.join(str(error).split())}). Mend the YAML.") from None
    if not isinstance(values, dict):
        raise SettingError(f"{path}: a recipe holds keys and values, got {type(values).__name__}.")
    if "rows" in values:
        raise SettingError(f"{path}: an ablation, not a recipe. Run it with 'erckit ablate {name}'.")
    values.setdefault("name", path.stem if path.parent.name == "" else f"{path.parent.name}/{path.stem}")
    changes = [read_override(override) for override in overrides]
    given = (("corpus", corpus), ("map", mapping), ("model.backbone", backbone), ("training.seed", seed))
    changes += [(key, value) for key, value in given if value is not None]
    if corpus is not None:
        values.pop("leave_out", None)  # ids of the corpus that it replaced
    try:
        recipe = _build(_changed(values, changes))
        refuse_unread(read_settings(recipe), [spelled_today(key, recipe.model.name) for key, _ in _leaves(changes)])
    except SettingError as error:
        raise SettingError(f"{path}: {error}" if not overrides else f"{path} with --set: {error}") from None
    return recipe


def read_override(override: str) -> tuple[str, Any]:
    """Key and value of ``dotted.key=value``, the value read as YAML.

    Raises:
        SettingError: No "=", or a value that is not YAML.
    """
    import yaml

    key, equals, text = override.partition("=")
    if not equals:
        raise SettingError(f"'--set {override}' has no '='. Write --set training.epochs=3.")
    try:
        return key.strip(), yaml.safe_load(text)
    except yaml.YAMLError:
        raise SettingError(f"'--set {override}': the value is not YAML. Quote it.") from None


def change_recipe(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """The same recipe with some values changed.

    Args:
        recipe: Left as it is.
        changes: Dotted key, such as ``training.epochs``, to value.

    Raises:
        SettingError: An unknown key or a value that does not fit.
    """
    values = dataclasses.asdict(recipe)
    values["model"] = changed_values(recipe.model)  # what another system has for defaults stays open
    changed = _build(_changed(values, changes.items()))
    refuse_unread_change(recipe, changed)
    return changed


def recipe_from_dict(values: Mapping[str, Any], *, is_stored: bool = False) -> Recipe:
    """Build a recipe from what stands in its YAML.

    Args:
        values: Key to value, groups nested; settings of the model in today's spelling or the first one.
        is_stored: Whether an earlier version wrote it, which took settings of the model that nothing read: they are
            passed over.

    Raises:
        SettingError: An unknown key, a value that does not fit, or one that nothing would read.
    """
    recipe = _build(values, is_stored=is_stored)
    if not is_stored:
        refuse_unread(read_settings(recipe))
    return recipe


def _build(values: Mapping[str, Any], *, is_stored: bool = False) -> Recipe:
    model = values.get("model", {})
    if not isinstance(model, Mapping):
        raise SettingError(f"'model' must hold keys of its own, got {model!r}.")
    return settings_from_dict(Recipe, {**values, "model": model_settings(model, is_stored=is_stored)})


def spelled_today(key: str, name: str) -> str:
    """Today's spelling of a dotted key for a system, such as ``model.head.dropout`` for ``model.head_dropout``."""
    group, _, below = key.partition(".")
    if group != "model" or below not in OLD_KEYS:
        return key
    place = new_place(below, name, declared_settings(name).own_names)
    return key if place is None else f"model.{place}"


def _find(name: str | Path) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    for folder in recipe_folders():
        candidate = folder / f"{name}.yaml"
        if candidate.is_file():
            return candidate
    raise SettingError(f"no recipe '{name}': neither a file nor a name. {nearest(str(name), recipe_names())}")


def _changed(values: Mapping[str, Any], changes: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A recipe's dictionary with values put in by dotted key, each in either spelling; ``values`` stays as it is."""
    changes = list(changes)
    result: dict[str, Any] = {k: dict(v) if isinstance(v, Mapping) else v for k, v in values.items()}
    model = result.get("model")
    before = str(model.get("name") or _DEFAULT_MODEL) if isinstance(model, dict) else _DEFAULT_MODEL
    name = before
    for key, value in changes:
        if key == "model.name":
            name = str(value)
        elif key == "model" and isinstance(value, Mapping):
            name = str(value.get("name") or _DEFAULT_MODEL)
    declared = declared_settings(name)
    if isinstance(model, dict):
        if before != name and before in model and declared_settings(before).own is declared.own:
            model[name] = model.pop(before)  # the settings of one network under its other name
        result["model"] = today(model, declared)
    for key, value in changes:
        group, _, below = key.partition(".")
        if group != "model" or not below:
            _put(result, key, value)
            continue
        given: dict[str, Any] = {}
        _put(given, below, value)
        if below not in OLD_KEYS and below not in OLD_GROUPS:
            _put(result, key, value)
            continue
        for place, setting in today(given, declared).items():
            if isinstance(setting, Mapping) and f"model.{place}" != key:
                for last, leaf in setting.items():
                    _put(result, f"model.{place}.{last}", leaf)
            else:
                _put(result, f"model.{place}", setting)
    return result


def _leaves(changes: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    for key, value in changes:
        if isinstance(value, Mapping):
            yield from _leaves((f"{key}.{below}", inner) for below, inner in value.items())
        yield key, value


def _put(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        child = values.setdefault(parent, {})
        if not isinstance(child, Mapping):
            raise SettingError(f"'{dotted}': '{parent}' is a value, not a group of keys.")
        values = child  # type: ignore[assignment]
    values[last] = value
