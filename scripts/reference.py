"""Write the pages of docs/reference/ that follow from the code: command line, Python names, recipe keys.

python scripts/reference.py           # writes cli.md, python.md and recipe_keys.md
python scripts/reference.py --check   # says whether they are up to date
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
import typing
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import typer

import erckit
from erckit.cli.command_group import COMMANDS
from erckit.models import MODELS
from erckit.models.model_settings import declared_settings
from erckit.models.prompts import PROMPT_STYLES, prompt_style
from erckit.recipe.recipe import Recipe
from erckit.storage.atomic import write_text

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
NOTE = "Written by `python scripts/reference.py`; change the code, not this page."


def command_line() -> str:
    """The page of all commands and their options."""
    lines = ["# Command line", "", f"Every command and its options. {NOTE}"]
    for name, (module, _) in COMMANDS.items():
        command = typer.main.get_command(import_module(module).app)
        lines += _command(f"erckit {name}", command)
    return "\n".join(lines) + "\n"


def _command(path: str, command: Any) -> Iterator[str]:
    yield from ("", f"## `{path}`", "", inspect.cleandoc(command.help or ""))
    parameters = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    rows = [row for row in map(_parameter, parameters) if row]
    if rows:
        yield from ("", "| Option | What it does | Default |", "|---|---|---|", *rows)
    for name, child in getattr(command, "commands", {}).items():
        yield from _command(f"{path} {name}", child)


def _parameter(parameter: Any) -> str:
    spelled = ", ".join((*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        spelled = parameter.metavar or parameter.name.upper()
    words = _cell(getattr(parameter, "help", None) or "")
    default = parameter.default
    shown = "" if default is None or callable(default) or default in (False, (), []) else f"`{default}`"
    return f"| `{_cell(spelled)}` | {words} | {_cell(shown)} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def python_names() -> str:
    """The page of the public Python names."""
    lines = ["# Python", "", f"The names of `from erckit import ...`. {NOTE}"]
    for name in erckit.__all__:
        value = getattr(erckit, name)
        if isinstance(value, str):
            lines += ["", f"## `{name}`", "", "The version of this package, a string."]
            continue
        lines += ["", f"## `{name}`", "", "```text", _documentation(value), "```"]
        if inspect.isclass(value):
            for method in _public_methods(value):
                attribute = inspect.getattr_static(value, method)
                shown = getattr(value, method)
                lines += ["", f"### `{name}.{method}`", "", "```text"]
                lines += [_documentation(attribute.fget if isinstance(attribute, property) else shown), "```"]
    return "\n".join(lines) + "\n"


def _public_methods(kind: type[Any]) -> list[str]:
    described = (property, classmethod, staticmethod)
    return [
        name
        for name, value in vars(kind).items()
        if not name.startswith("_") and (inspect.isfunction(value) or isinstance(value, described))
    ]


def _documentation(value: Any) -> str:
    return inspect.getdoc(value) or ""


def recipe_keys() -> str:
    """The page of all keys of a recipe: those of every recipe, then those of each system."""
    lines = ["# Recipe keys", "", f"Every key of a recipe, with its default. {NOTE}"]
    lines += _keys("", Recipe, {"style"})
    for name in (*MODELS, *PROMPT_STYLES):
        declared = declared_settings(name)
        lines += ["", f"## System `{name}`", ""]
        if declared.reads:
            shared = ", ".join(f"`model.{key}`" for key in sorted(declared.reads))
            lines += [f"Reads of the shared keys: {shared}."]
        if declared.defaults:
            differing = ", ".join(f"`model.{key}`: `{value}`" for key, value in sorted(declared.defaults.items()))
            lines += ["", f"Defaults that differ: {differing}."]
        if declared.is_prompted:
            lines += _table("style.", type(prompt_style(name).settings))
        elif declared.own is not None:
            lines += _table(f"model.{name}.", declared.own)
    return "\n".join(lines) + "\n"


def _keys(prefix: str, kind: type[Any], left_out: set[str]) -> list[str]:
    hints = typing.get_type_hints(kind)
    nested = {f.name: hints[f.name] for f in dataclasses.fields(kind) if dataclasses.is_dataclass(hints[f.name])}
    title = f"`{prefix.rstrip('.')}`" if prefix else "Top level"
    lines = ["", f"## {title}", *_table(prefix, kind, {*nested, *left_out})]
    for name, inner in nested.items():
        lines += _keys(f"{prefix}{name}.", typing.cast(type[Any], inner), {"own"})
    return lines


def _table(prefix: str, kind: Any, left_out: set[str] | None = None) -> list[str]:
    words = _arguments(kind)
    fields = [field for field in dataclasses.fields(kind) if field.name not in (left_out or set())]
    rows = [f"| `{prefix}{f.name}` | {_cell(words.get(f.name, ''))} | {_default(f)} |" for f in fields]
    return ["", "| Key | What it sets | Default |", "|---|---|---|", *rows] if rows else []


def _default(field: Any) -> str:
    if field.default is not dataclasses.MISSING:
        return f"`{_cell(repr(field.default))}`"
    return f"`{_cell(repr(field.default_factory()))}`" if field.default_factory is not dataclasses.MISSING else ""


def _arguments(kind: type[Any]) -> dict[str, str]:
    """Setting to its words in the ``Args`` of the docstring; ``a, b: words`` gives both the same."""
    _, _, text = (inspect.getdoc(kind) or "").partition("Args:\n")
    words: dict[str, str] = {}
    for names, described in re.findall(r"^ {4}(\w[\w, ]*): (.*(?:\n {5,}.*)*)", text, flags=re.MULTILINE):
        words |= dict.fromkeys(names.split(", "), described)
    return words


def pages() -> dict[Path, str]:
    """Path to text of every generated page."""
    return {
        FOLDER / "cli.md": command_line(),
        FOLDER / "python.md": python_names(),
        FOLDER / "recipe_keys.md": recipe_keys(),
    }


def main() -> None:
    """Write the pages, or tell whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when something is out of date")
    arguments = parser.parse_args()
    for path, text in pages().items():
        is_current = path.is_file() and path.read_text(encoding="utf-8") == text
        if not is_current and arguments.check:
            sys.exit(f"{path.name} is out of date; run: python scripts/reference.py")
        if not is_current:
            write_text(path, text)
        print(f"{path.name} is up to date" if is_current else f"wrote {path.name}")


if __name__ == "__main__":
    main()
