"""What ``erckit evaluate`` does with a model's vectors: few-shot episodes, the forced choice, other scorers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from erckit.cli.say import say

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.evaluation.vectors.space_result import SpaceResult
    from erckit.labelling import Labeler

FORCED_CHOICE = "forced-choice"
SCORERS = ("head", "prototypes", "neighbours")


def published_split(split: str, forced_choice: bool) -> tuple[str, bool]:
    """``--split forced-choice`` (or ``forced-choice-dev``) means that protocol on test (or dev)."""
    if split == FORCED_CHOICE:
        return "test", True
    if split.startswith(f"{FORCED_CHOICE}-"):
        return split.removeprefix(f"{FORCED_CHOICE}-"), True
    return split, forced_choice


def score_space(
    name: str,
    corpus: str | None,
    source: Path | None,
    map_to: str | None,
    split: str,
    *,
    few_shot: str | None,
    labels: tuple[str, ...],
    episodes: int | None,
    seed: int | None,
    seeds: int | None,
    backbone: str | None,
    precision: str,
    quiet: bool,
) -> tuple[SpaceResult, str]:
    """Run few-shot episodes (``few_shot`` names the task), else the forced choice; the result and its printed form."""
    from erckit.evaluation.vectors.episodes import read_task
    from erckit.progress import Progress

    if few_shot is not None:
        if seeds is not None:
            raise typer.BadParameter(
                "does not go with --few-shot; --seed says from where to draw.", param_hint="--seeds"
            )
        task = read_task(few_shot)
    else:
        for option, value in (
            ("--backbone", backbone),
            ("--labels", labels or None),
            ("--episodes", episodes),
            ("--seed", seed),
        ):
            if value is not None:
                raise typer.BadParameter("does not go with the forced choice.", param_hint=option)
        task = None
    data = _corpus(corpus, source, map_to)
    if task is not None:
        from erckit.evaluation.vectors.few_shot import drawable_labels

        drawable_labels(data, split, task, labels)  # what cannot be drawn is told before a model is loaded
    labeler = _labeler(name, precision)
    with Progress(None, "Encoding", quiet=quiet) as bar:
        if task is not None:
            from erckit.evaluation.vectors.few_shot import evaluate_few_shot, format_few_shot

            found = evaluate_few_shot(
                labeler,
                data,
                split,
                task,
                episodes=600 if episodes is None else episodes,
                seed=1 if seed is None else seed,
                labels=labels,
                backbone=backbone or "",
                report=bar.advance,
                quiet=quiet,
            )
            return found, format_few_shot(found)
        from erckit.evaluation.vectors.forced_choice import evaluate_forced_choice, format_forced_choice

        chosen = range(1, (seeds or 10) + 1)
        found = evaluate_forced_choice(labeler, data, split, chosen, report=bar.advance, quiet=quiet)
        return found, format_forced_choice(found)


def with_scorer(labeler: Labeler, scorer: str, data: Corpus, quiet: bool) -> Labeler:
    """The model with its own head, or labelling by distance to the train split of the corpus."""
    if scorer == "head":
        return labeler
    from erckit.evaluation.run.fit_scorer import fit_scorer
    from erckit.progress import Progress

    say(f"reading the train and dev splits of {data.name} for the {scorer}", quiet)
    with Progress(None, "Encoding", quiet=quiet) as bar:
        return fit_scorer(labeler, data, scorer, report=bar.advance)


def _corpus(name: str | None, source: Path | None, map_to: str | None) -> Corpus:
    if name is None:
        raise typer.BadParameter("name the corpus whose utterances are drawn.", param_hint="--corpus")
    from erckit.corpora import load_corpus

    return load_corpus(name, folder=source, map=map_to or "")


def _labeler(name: str, precision: str) -> Labeler:
    from erckit.labelling import Labeler

    return Labeler.from_pretrained(name, precision=precision, keeps_vectors=True)
