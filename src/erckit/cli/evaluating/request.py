"""What one call of ``erckit evaluate`` asks for, and the refusal of options that do not go with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.prompting.answers.answer_settings import AnswerSettings

# Values that mean "not given", where None does not.
_LEFT_OUT = {"precision": "auto", "scorer": "head", "settings": (), "forced_choice": False, "allow_seen": False}
_OPTIONS = {"settings": "--set"}


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """Options of ``erckit evaluate`` by name, as given; ``name`` is what is to be scored."""

    name: str
    corpus: str | None
    source: Path | None
    map_to: str | None
    labels: tuple[str, ...] | None
    split: str
    seeds: int | None
    out: Path | None
    settings: tuple[str, ...]
    backbone: str | None
    scorer: str
    few_shot: str | None
    episodes: int | None
    seed: int | None
    forced_choice: bool
    answers: AnswerSettings | None
    precision: str
    allow_seen: bool
    png: Path | None
    draws: int | None
    quiet: bool

    def refuse(self, kind: str, *options: str) -> None:
        """Refuse options that were given; 0 and an empty text are values, too.

        Args:
            kind: What they do not go with, as the message says it.
            options: Fields of this class, in the order in which they are told.

        Raises:
            typer.BadParameter: One of them was given.
        """
        for option in options:
            value = getattr(self, option)
            if value is not None and value != _LEFT_OUT.get(option):
                hint = _OPTIONS.get(option, f"--{option.replace('_', '-')}")
                raise typer.BadParameter(f"does not go with {kind}.", param_hint=hint)

    def load_corpus(self, missing: str) -> Corpus:
        """The corpus that ``--corpus``, ``--from`` and ``--map`` name.

        Args:
            missing: What to say where no corpus is named.
        """
        if self.corpus is None:
            raise typer.BadParameter(missing, param_hint="--corpus")
        from erckit.corpora import load_corpus

        return load_corpus(self.corpus, folder=self.source, map=self.map_to or "")


def read_labels(labels: str | None, map_to: str | None, are_drawn: bool) -> tuple[str, ...] | None:
    """The labels that ``--labels`` names; episodes draw them, else they are those that are left of a mapping.

    Raises:
        typer.BadParameter: There is no label in it, or nothing that would read it.
    """
    if labels is None:
        return None
    if map_to is None and not are_drawn:
        raise typer.BadParameter("goes with --map, which says what labels there are.", param_hint="--labels")
    names = tuple(label.strip() for label in labels.split(",") if label.strip())
    if not names:
        raise typer.BadParameter(f"'{labels}' names no label. Write for example joy,anger.", param_hint="--labels")
    return names
