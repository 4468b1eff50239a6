"""An ablation as its YAML says it: one base recipe, and rows that change some of its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erckit.errors import SettingError, nearest
from erckit.recipe.load_recipe import (
    ablation_names,
    change_recipe,
    load_recipe,
    read_override,
    recipe_folders,
    recipe_from_dict,
    spelled_today,
)
from erckit.recipe.recipe import Recipe

_KEYS = ("title", "recipe", "rows")
_ROW_KEYS = ("name", "about", "set", "from")
# What all rows share: without it their scores could not be compared.
_SHARED = {"corpus": "--corpus", "training.seed": "--seeds", "name": "the row's name"}


@dataclass(frozen=True, slots=True)
class AblationRow:
    """One row: a recipe, and how it came about.

    Args:
        name: As it stands in the table.
        slug: The name as a folder name, unique in the plan.
        about: One sentence on what it tests.
        builds_on: Name of the row whose settings it starts from; empty for the base recipe.
        changes: Dotted key to value, what it changes in the row it builds on.
        recipe: The whole recipe.
    """

    name: str
    slug: str
    about: str
    builds_on: str
    changes: Mapping[str, Any]
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class AblationPlan:
    """The rows of an ablation; the first one is the base of the table.

    Args:
        title: Heading of the table.
        rows: In the order of the table.
        base: The recipe that rows start from.
        common: Dotted key to value, what was changed for all rows.
    """

    title: str
    rows: tuple[AblationRow, ...]
    base: Recipe
    common: Mapping[str, Any]

    def find(self, name: str) -> AblationRow:
        """A row by its name, its folder name or its number from 1.

        Raises:
            SettingError: No such row; the message names the nearest.
        """
        for number, row in enumerate(self.rows, 1):
            if name.strip() in (row.name, row.slug, str(number)):
                return row
        raise SettingError(f"no row '{name}'. {nearest(name, [row.slug for row in self.rows])}")

    def split_names(self, given: str) -> list[str]:
        """Rows named in one text: a single name, or several with commas between them.

        Raises:
            SettingError: No such row.
        """
        if any(given.strip() == row.name for row in self.rows):
            return [given]
        return [self.find(name).name for name in given.split(",")]

    def trained_as(self, row: AblationRow) -> AblationRow:
        """The first row that has the same recipe; only that one is trained."""
        return next(other for other in self.rows if _unnamed(other.recipe) == _unnamed(row.recipe))

    def common_line(self) -> str:
        """What all rows have in common, in one line."""
        model = self.base.model
        backbone = Path(model.backbone).name if Path(model.backbone).is_absolute() else model.backbone
        changed = [f"{key} = {value}" for key, value in self.common.items() if key not in ("corpus", "model.backbone")]
        return ", ".join([f"recipe {self.base.name}", f"backbone {backbone}", *changed])

    def lines(self) -> list[str]:
        """The plan as text: every row with what it builds on, what it changes and why."""
        lines = [self.title, f"all rows: corpus {self.base.corpus}, {self.common_line()}"]
        for number, row in enumerate(self.rows, 1):
            lines += ["", f"{number}. {row.name}  [{row.slug}]"]
            lines.append(f"   from: {row.builds_on or 'the recipe'}")
            lines += [f"   {key} = {value}" for key, value in row.changes.items()]
            if (same := self.trained_as(row)) is not row:
                lines.append(f"   the same recipe as {same.name}: trained once")
            lines.append(f"   {row.about}")
        return lines


def load_ablation(name: str | Path, overrides: Sequence[str] = (), *, corpus: str | None = None) -> AblationPlan:
    """Read an ablation.

    Args:
        name: Path of a YAML file, or a short name such as ``emonet/ablation``.
        overrides: ``dotted.key=value`` for all rows.
        corpus: Replaces the base recipe's corpus.

    Raises:
        SettingError: No such ablation, broken YAML, an unknown key, a row twice, a ``from`` that names no earlier
            row, or a value that does not fit.
    """
    import yaml

    path = _find(name)
    try:
        text = path.read_text(encoding="utf-8")
        values, document = yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{path}: not a readable ablation ({' '.join(str(error).split())}). Mend the YAML."
        ) from None
    if not isinstance(values, dict) or not isinstance(values.get("rows"), list) or not values["rows"]:
        raise SettingError(
            f"{path}: an ablation holds a title, a recipe and a list of rows; this has no rows. "
            "A recipe is run with 'erckit evaluate' or 'erckit train'."
        )
    _known(values, _KEYS, f"{path}: ")
    changes = dict(map(read_override, overrides))
    if corpus is not None:
        changes["corpus"] = corpus
    if "training.seed" in changes:
        raise SettingError("'--set training.seed': the seeds of all rows are set by --seeds.")
    try:
        base = change_recipe(_base(values.get("recipe"), path), changes)
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from None
    rows: dict[str, AblationRow] = {}
    for number, (given, line) in enumerate(zip(values["rows"], _row_lines(document), strict=True), 1):
        where = f"{path}:{line}: row {number}"
        row = _row(given, where, rows, base)
        _refuse_covered(row, changes, where)
        rows[row.name] = row
    return AblationPlan(str(values.get("title") or path.stem), tuple(rows.values()), base, changes)


def _row(given: Any, where: str, earlier: Mapping[str, AblationRow], base: Recipe) -> AblationRow:
    if not isinstance(given, dict) or not isinstance(given.get("name"), str) or not given["name"].strip():
        raise SettingError(f"{where}: a row holds keys and values, and one of them is its name. Write '- name: ...'.")
    _known(given, _ROW_KEYS, f"{where}: ")
    name, builds_on = given["name"].strip(), given.get("from") or ""
    where = f"{where} ('{name}')"
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    if not slug:
        raise SettingError(f"{where}: a name needs a letter or a digit, as its folder is named after it.")
    for other in earlier.values():
        if slug == other.slug:
            raise SettingError(f"{where}: stands there twice, '{other.name}' is the other; give it another name.")
    if builds_on and builds_on not in earlier:
        raise SettingError(f"{where}: 'from' names no earlier row: '{builds_on}'. {nearest(str(builds_on), earlier)}")
    changes = given.get("set") or {}
    if not isinstance(changes, dict):
        raise SettingError(f"{where}: 'set' must hold keys and values, got {changes!r}.")
    flat = dict(_flat(changes))
    for key in flat:
        if key in _SHARED:
            raise SettingError(f"{where}: '{key}' is the same for all rows; use {_SHARED[key]} instead.")
    start = earlier[builds_on].recipe if builds_on else base
    try:
        recipe = change_recipe(start, {**flat, "name": slug})
    except SettingError as error:
        raise SettingError(f"{where}: {error}") from None
    return AblationRow(name, slug, " ".join(str(given.get("about") or "").split()), str(builds_on), flat, recipe)


def _base(given: Any, path: Path) -> Recipe:
    if isinstance(given, str):
        beside = path.parent / given
        return load_recipe(beside if beside.is_file() else given)
    if isinstance(given, dict):
        return recipe_from_dict(given)
    raise SettingError("'recipe' must be the name of a recipe or hold model, corpus and training.")


def _refuse_covered(row: AblationRow, overrides: Mapping[str, Any], where: str) -> None:
    """A value given for all rows that a row sets itself would not hold for all rows."""
    system = row.recipe.model.name
    for key in row.changes:
        for given in overrides:
            ours, theirs = (f"{spelled_today(name, system)}." for name in (key, given))
            if ours.startswith(theirs) or theirs.startswith(ours):
                raise SettingError(
                    f"{where}: sets '{key}' itself, so '--set {given}=...' cannot hold for all rows. "
                    "Change the file instead."
                )


def _known(values: Mapping[Any, Any], keys: Sequence[str], where: str) -> None:
    for key in values:
        if key not in keys:
            raise SettingError(f"{where}unknown key '{key}'. {nearest(str(key), keys)}")


def _flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted key and value of nested keys."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _row_lines(document: Any) -> list[int]:
    """1-based line of every row of a composed YAML document that has rows."""
    (rows,) = [value for key, value in document.value if key.value == "rows"][-1:]  # the last one counts
    return [item.start_mark.line + 1 for item in rows.value]


def _find(name: str | Path) -> Path:
    if Path(name).is_file():
        return Path(name)
    for folder in recipe_folders():
        if (candidate := folder / f"{name}.yaml").is_file():
            return candidate
    raise SettingError(f"no ablation '{name}': neither a file nor a name. {nearest(str(name), ablation_names())}")


def _unnamed(recipe: Recipe) -> dict[str, Any]:
    return {key: value for key, value in recipe.to_dict().items() if key != "name"}
