"""What ``erckit evaluate`` does with a model's vectors: few-shot episodes, the forced choice, other scorers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from erckit.cli.say import say

if TYPE_CHECKING:
    from erckit.cli.evaluating.request import EvaluateRequest
    from erckit.corpora import Corpus
    from erckit.evaluation.vectors.space_result import SpaceResult
    from erckit.labelling import Labeler

FORCED_CHOICE = "forced-choice"
_NO_CORPUS = "name the corpus whose utterances are drawn."
SCORERS = ("head", "prototypes", "neighbours")


def published_split(split: str, forced_choice: bool) -> tuple[str, bool]:
    """``--split forced-choice`` (or ``forced-choice-dev``) means that protocol on test (or dev)."""
    if split == FORCED_CHOICE:
        return "test", True
    if split.startswith(f"{FORCED_CHOICE}-"):
        return split.removeprefix(f"{FORCED_CHOICE}-"), True
    return split, forced_choice


def score_space(request: EvaluateRequest) -> tuple[SpaceResult, str]:
    """Run few-shot episodes (``few_shot`` names the task), else the forced choice; the result and its printed form."""
    if request.few_shot is not None and request.forced_choice:
        raise typer.BadParameter("does not go with the forced choice.", param_hint="--few-shot")
    kind = "few-shot episodes" if request.few_shot is not None else "the forced choice"
    request.refuse(kind, "png", "out", "settings", "scorer", "draws", "allow_seen")
    return _score_episodes(request, request.few_shot) if request.few_shot is not None else _score_choice(request)


def _score_episodes(request: EvaluateRequest, name: str) -> tuple[SpaceResult, str]:
    from erckit.evaluation.vectors.episodes import read_task
    from erckit.evaluation.vectors.few_shot import drawable_labels, evaluate_few_shot, format_few_shot
    from erckit.progress import Progress

    if request.seeds is not None:
        raise typer.BadParameter("does not go with --few-shot; --seed says from where to draw.", param_hint="--seeds")
    task = read_task(name)
    corpus = request.load_corpus(_NO_CORPUS)
    labels = request.labels or ()
    drawable_labels(corpus, request.split, task, labels)  # what cannot be drawn is told before a model is loaded
    labeler = _labeler(request)
    with Progress(None, "Encoding", quiet=request.quiet) as bar:
        result = evaluate_few_shot(
            labeler,
            corpus,
            request.split,
            task,
            episodes=600 if request.episodes is None else request.episodes,
            seed=1 if request.seed is None else request.seed,
            labels=labels,
            backbone=request.backbone or "",
            report=bar.advance,
            quiet=request.quiet,
        )
    return result, format_few_shot(result)


def _score_choice(request: EvaluateRequest) -> tuple[SpaceResult, str]:
    from erckit.progress import Progress

    request.refuse("the forced choice", "backbone", "labels", "episodes", "seed")
    corpus = request.load_corpus(_NO_CORPUS)
    labeler = _labeler(request)
    from erckit.evaluation.vectors.forced_choice import evaluate_forced_choice, format_forced_choice

    seeds = range(1, (request.seeds or 10) + 1)
    with Progress(None, "Encoding", quiet=request.quiet) as bar:
        result = evaluate_forced_choice(labeler, corpus, request.split, seeds, report=bar.advance, quiet=request.quiet)
    return result, format_forced_choice(result)


def with_scorer(labeler: Labeler, scorer: str, data: Corpus, quiet: bool) -> Labeler:
    """The model with its own head, or labelling by distance to the train split of the corpus."""
    if scorer == "head":
        return labeler
    from erckit.evaluation.run.fit_scorer import fit_scorer
    from erckit.progress import Progress

    say(f"reading the train and dev splits of {data.name} for the {scorer}", quiet)
    with Progress(None, "Encoding", quiet=quiet) as bar:
        return fit_scorer(labeler, data, scorer, report=bar.advance)


def _labeler(request: EvaluateRequest) -> Labeler:
    from erckit.labelling import Labeler

    return Labeler.from_pretrained(request.name, precision=request.precision, keeps_vectors=True)
