"""Fit and score a baseline by name, over several seeds where seeds matter."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from erckit.evaluation.run.evaluate import evaluate_model
from erckit.evaluation.run.seeds import score_seeds
from erckit.models.baselines import baseline_class
from erckit.models.baselines.baseline import fit_baseline
from erckit.models.baselines.text_classifier import TextClassifier, find_text_classifier, refuse_seen

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.evaluation.results.result import Result


@dataclass(frozen=True, slots=True)
class BaselineRecipe:
    """Whose runs a folder holds.

    Args:
        name: A name of ``BASELINES``.
        map: Label set that labels were mapped to, empty for the corpus' own.
        labels: Those of them that are scored, empty for all.
    """

    name: str = ""
    map: str = ""
    labels: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionary."""
        return dataclasses.asdict(self)


def evaluate_baseline(
    name: str,
    corpus: Corpus,
    split: str,
    seeds: Sequence[int] = (1,),
    out: str | Path | None = None,
    draws: int = 2000,
    remark: Callable[[str], None] | None = None,
    labels: Sequence[str] | None = None,
) -> Result:
    """Fit a baseline to a corpus and score it, once per seed.

    Args:
        name: A name of ``BASELINES``, such as "baseline/majority".
        corpus: Fitted on its train split, settings chosen on its dev split; mapped already, if it is to be.
        split: The split to score.
        seeds: Distinct whole numbers; of a baseline that draws nothing, the first is run.
        out: Folder for the results, laid out as a recipe's; a scored seed is not scored again. None keeps nothing.
        draws: Bootstrap resamples for the 95 % intervals.
        remark: Called with a line for people when fewer seeds are run than asked for.
        labels: Score these labels of a mapped corpus and no others; it is fitted on all of them.

    Returns:
        The result over the seeds that were run.

    Raises:
        SettingError: No such baseline, no seed, or a seed twice.
        CorpusError: A split it needs is missing or has no gold labels.
        ErckitError: ``out`` holds runs of another system or corpus.
    """
    found = baseline_class(name)
    corpus.split(split)  # a mistyped split should be told before anything is fitted
    chosen = list(seeds)
    if found.is_deterministic and len(chosen) > 1:
        if remark is not None:
            remark(f"{name} draws nothing: one run stands for all {len(chosen)} seeds")
        chosen = chosen[:1]

    def score(seed: int, path: Path) -> Result:
        fitted = fit_baseline(name, corpus, seed)
        result = evaluate_model(fitted, corpus, split, draws, labels=labels)
        result.save(path)
        return result

    recipe = BaselineRecipe(name, corpus.mapping, tuple(labels or ()))
    if out is not None:
        return score_seeds(recipe, corpus, split, chosen, out, score, draws)
    with tempfile.TemporaryDirectory() as folder:
        return score_seeds(recipe, corpus, split, chosen, folder, score, draws)


def evaluate_text_classifier(
    name: str,
    corpus: Corpus,
    split: str,
    *,
    map_to: str | Path | None = None,
    labels: Sequence[str] | None = None,
    allow_seen: bool = False,
    precision: str = "auto",
    draws: int = 2000,
    report: Callable[[int], None] | None = None,
) -> Result:
    """Label a split with a text-classification model, every utterance alone, and score it.

    Args:
        name: A folder, or a name on the Hugging Face hub.
        corpus: Where the conversations and gold labels come from.
        split: The split to score; nothing is fitted or chosen on any other.
        map_to: Label set or mapping file, where the model's labels are not the corpus' (upper and lower case aside).
        labels: Score these of the shared labels and no others.
        allow_seen: Score a model on a corpus it is known to have been trained on; the result's config says so.
        precision: ``auto``, ``fp32`` or ``bf16``.
        draws: Bootstrap resamples for the 95 % intervals.
        report: Called with the number of utterances labelled.

    Raises:
        ModelFolderError: No such model, or not one that can be loaded.
        CorpusError: No such split, or the model was trained on the corpus.
        LabelSetError: Labels that differ, without a mapping that knows them.
    """
    corpus.split(split)
    if not allow_seen:
        refuse_seen(name, Path(name), corpus.name)  # before anything is fetched
        refuse_seen(name, find_text_classifier(name), corpus.name)
    model = TextClassifier.from_pretrained(name, precision)
    if map_to is None:
        model.with_labels_of(corpus.label_set)
    if allow_seen:
        model.settings["allow_seen"] = True
    return evaluate_model(model, corpus, split, draws, report, map_to, labels)
