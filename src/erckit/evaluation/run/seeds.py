"""Train a recipe with several seeds, score each, and sum up: mean, spread and interval."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.errors import ErckitError, ResultError, SettingError
from erckit.evaluation.results.result import Result
from erckit.evaluation.run.evaluate import conversation_index, evaluate_model
from erckit.recipe.recipe import Recipe
from erckit.recipe.recorded import recorded_recipe

if TYPE_CHECKING:
    from erckit.corpora import Corpus


def evaluate_recipe(
    recipe: Recipe,
    corpus: Corpus,
    split: str,
    seeds: Sequence[int],
    out: str | Path,
    draws: int = 2000,
    quiet: bool = False,
    before_seed: Callable[[int], None] | None = None,
) -> Result:
    """Train and score a recipe once per seed.

    Everything is kept in ``out/seed-<k>/``; a call that was interrupted goes on where it stopped, and a finished seed
    is neither trained nor scored again.

    Args:
        recipe: What to train; its own seed is replaced.
        corpus: Trained on its train split, selected on its dev split.
        split: The split to score.
        seeds: Distinct whole numbers, at least one.
        out: Folder of this recipe's runs.
        draws: Bootstrap resamples for the 95 % intervals.
        quiet: No progress on the terminal.
        before_seed: Called with each seed that is not finished yet, right before it is trained.

    Returns:
        The result over all seeds, also saved as ``out/<split>.json``.

    Raises:
        SettingError: No seed, or a seed twice.
        ErckitError: ``out`` holds runs of another recipe or corpus.
    """

    def score(seed: int, path: Path) -> Result:
        return _train_and_score(with_seed(recipe, seed), corpus, split, path, seed, draws, quiet)

    return score_seeds(recipe, corpus, split, seeds, out, score, draws, before_seed)


def score_seeds(
    recipe: Any,
    corpus: Corpus,
    split: str,
    seeds: Sequence[int],
    out: str | Path,
    score: Callable[[int, Path], Result],
    draws: int = 2000,
    before_seed: Callable[[int], None] | None = None,
) -> Result:
    """Score something once per seed and sum up; scored seeds are kept in ``out/seed-<k>/<split>.json``.

    Args:
        recipe: A dataclass whose ``to_dict`` says whose runs ``out`` holds: a recipe, or a baseline's.
        corpus: What is scored on.
        split: The split to score.
        seeds: Distinct whole numbers, at least one.
        out: Folder of the runs.
        score: Called with each seed that is not finished yet and the file to save its result in; returns the result.
        draws: Bootstrap resamples for the 95 % intervals.
        before_seed: Called with each such seed first.

    Returns:
        The result over all seeds, also saved as ``out/<split>.json``.

    Raises:
        SettingError: No seed, or a seed twice.
        ErckitError: ``out`` holds runs of another recipe or corpus.
    """
    chosen = [int(seed) for seed in seeds]
    if not chosen or len(set(chosen)) != len(chosen):
        raise SettingError(f"seeds must be distinct and at least one, got {chosen}; for instance 1, 2, 3, 4, 5.")
    folder = Path(out)
    _claim(folder, recipe, corpus)
    results = []
    for seed in chosen:
        path = folder / f"seed-{seed}" / f"{split}.json"
        if path.exists():
            results.append(Result.load(path))
            continue
        if before_seed is not None:
            before_seed(seed)
        results.append(score(seed, path))
    whole = aggregate_results(results, draws)
    whole.save(folder / f"{split}.json")
    return whole


def aggregate_results(results: Sequence[Result], draws: int = 2000) -> Result:
    """Sum up runs that differ in their seed only.

    Args:
        results: At least one single-run result, all of the same protocol and the same utterances.
        draws: Bootstrap resamples; each resample draws the same conversations for every run, and its score is the
            mean over runs.

    Returns:
        ``metrics`` hold means, ``sd`` the sample standard deviation; a single result comes back as it is.
        ``wall_seconds`` and ``tokens_processed`` are added up, ``training_seconds`` is the mean over runs.

    Raises:
        ResultError: The results do not belong together.
    """
    from erckit.metrics import METRICS, bootstrap_interval, metric_names

    if not results:
        raise ResultError("there is no result to sum up; give at least one.")
    first = results[0]
    if len(results) == 1:
        return first
    keys = [(row.conversation, row.utterance, row.gold) for row in first.predictions]
    for other in results[1:]:
        if other.protocol != first.protocol or other.label_set != first.label_set:
            raise ResultError(
                f"results of '{first.protocol.name}' ({first.protocol.memory}) and '{other.protocol.name}' "
                f"({other.protocol.memory}) cannot be averaged; sum up runs of one protocol and one recipe."
            )
        if [(row.conversation, row.utterance, row.gold) for row in other.predictions] != keys:
            raise ResultError(
                "the results do not cover the same utterances; evaluate all of them on one corpus version."
            )
    seeds = [seed for result in results for seed in result.seeds]
    if len(seeds) != len(results) or len(set(seeds)) != len(seeds):
        raise ResultError(f"every result needs one seed of its own, got {seeds}; evaluate runs with distinct seeds.")

    label_set = first.label_set
    gold = [label_set.index(row.gold) for row in first.predictions]
    predicted = [[label_set.index(row.label) for row in result.predictions] for result in results]  # (S, N)
    groups = conversation_index(first.predictions)
    # A seed that an earlier version scored may lack a metric.
    scalars = [
        name
        for name, value in first.metrics.items()
        if isinstance(value, float) and all(name in result.metrics for result in results)
    ]
    mean = {name: _mean([result.metrics[name] for result in results]) for name in scalars}
    metrics: dict[str, Any] = dict(mean)
    metrics["calibrated"] = all(result.metrics.get("calibrated") for result in results)
    metrics["per_class"] = {
        label: {
            score: _mean([result.metrics["per_class"][label][score] for result in results])
            for score in ("precision", "recall", "f1", "support", "predicted")
        }
        for label in label_set.labels
    }
    metrics["interval_95"] = {
        name: list(bootstrap_interval(gold, predicted, groups, name, draws=draws, label_set=label_set))
        for name in metric_names()
        if name in METRICS or name in mean
    }
    return dataclasses.replace(
        first,
        seeds=tuple(seeds),
        metrics=metrics,
        runs=tuple(run for result in results for run in result.runs),
        mean=mean,
        sd={name: _sd([result.metrics[name] for result in results]) for name in scalars},
        confusion=tuple(
            tuple(sum(result.confusion[i][j] for result in results) for j in range(len(label_set)))
            for i in range(len(label_set))
        ),
        predictions=tuple(row for result in results for row in result.predictions),
        config=_without_seed(first.config),
        wall_seconds=round(sum(result.wall_seconds for result in results), 3),
        tokens_processed=sum(result.tokens_processed for result in results),
        training_seconds=_mean_or_none([result.training_seconds for result in results]),
        cached_texts=_sum_or_none([result.cached_texts for result in results]),
        training_device=" or ".join(
            dict.fromkeys(result.training_device for result in results if result.training_device)
        ),
    )


def with_seed(recipe: Recipe, seed: int) -> Recipe:
    """The same recipe with another training seed."""
    return dataclasses.replace(recipe, training=dataclasses.replace(recipe.training, seed=seed))


def _train_and_score(
    recipe: Recipe, corpus: Corpus, split: str, path: Path, seed: int, draws: int, quiet: bool
) -> Result:
    from erckit.labelling import Labeler
    from erckit.training.train import train

    model_folder = train(recipe, corpus, path.parent, quiet=quiet, resume=True)
    result = evaluate_model(Labeler.from_pretrained(model_folder, keeps_vectors=True), corpus, split, draws)
    if result.seeds != (seed,):
        # A model folder need not carry its seed; here it is known.
        result = dataclasses.replace(
            result,
            seeds=(seed,),
            runs=tuple({**run, "seed": seed} for run in result.runs),
            predictions=tuple(dataclasses.replace(row, seed=seed) for row in result.predictions),
        )
    result.save(path)
    return result


def _claim(folder: Path, recipe: Any, corpus: Corpus) -> None:
    """Write down whose runs the folder holds, or refuse a folder that holds another recipe's."""
    from erckit.storage.atomic import write_text

    settings = json.loads(json.dumps(_without_seed(recipe.to_dict()), default=str))
    wanted = {"corpus": corpus.name, "corpus_version": str(corpus.version or ""), "recipe": settings}
    path = folder / "recipe.json"
    if path.exists():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            raise ErckitError(f"{path}: not JSON; choose another --out folder.") from None
        if isinstance(found, dict):
            found["recipe"] = json.loads(json.dumps(_recorded(recipe, found.get("recipe")), default=str))
        changed = _differences(_without_seed(found), wanted)
        if changed:
            raise ErckitError(
                f"{folder} holds runs of other settings ({', '.join(changed[:5])}); choose another --out folder."
            )
        return
    write_text(path, json.dumps(wanted, indent=1, ensure_ascii=False) + "\n")


def _recorded(recipe: Any, values: Any) -> Any:
    """What a folder says it holds, with the settings that were not known yet at their defaults."""
    return recorded_recipe(values) if isinstance(recipe, Recipe) else _filled(values, type(recipe)().to_dict())


def _filled(values: Any, defaults: Any) -> Any:
    if not (isinstance(values, Mapping) and isinstance(defaults, Mapping)):
        return values
    return {**defaults, **{key: _filled(value, defaults.get(key)) for key, value in values.items()}}


def _without_seed(settings: Any) -> Any:
    if isinstance(settings, Mapping):
        return {key: _without_seed(value) for key, value in settings.items() if key != "seed"}
    return settings


def _differences(found: Any, wanted: Any, name: str = "") -> list[str]:
    if isinstance(found, dict) and isinstance(wanted, dict):
        return [
            change
            for key in sorted({*found, *wanted})
            for change in _differences(found.get(key), wanted.get(key), f"{name}.{key}" if name else key)
        ]
    return [] if found == wanted else [f"{name}: {found!r} there, {wanted!r} now"]


def _mean_or_none(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(_mean(known), 1) if len(known) == len(values) else None


def _sum_or_none(values: Sequence[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _sd(values: Sequence[float]) -> float:
    mean = _mean(values)
    return float((sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5)
