"""Score a text-classification model that somebody else trained: the zero-training peer of every table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from erckit.evaluation.run.evaluate import evaluate_model
from erckit.models.baselines.seen_corpora import refuse_seen
from erckit.models.baselines.text_classifier import TextClassifier, find_text_classifier

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.evaluation.results.result import Result


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
    return evaluate_model(model, corpus, split, draws, report, map_to, labels)  # type: ignore[arg-type]
