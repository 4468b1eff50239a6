"""What ``erckit evaluate`` does with a trained model: label a split of a corpus and score the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from erckit.cli.evaluating.answer_options import tell_unparsed
from erckit.cli.evaluating.answering import open_answering, style_changes, with_style
from erckit.cli.evaluating.vector_space import with_scorer
from erckit.cli.warn_overlap import warn_overlap

if TYPE_CHECKING:
    from erckit.cli.evaluating.request import EvaluateRequest
    from erckit.corpora import Corpus
    from erckit.evaluation.results.result import Result
    from erckit.labelling import Labeler


def score_model(request: EvaluateRequest) -> Result:
    """Score a trained model on a corpus, its own if none is named; one that answers with words, by its answers."""
    changes = style_changes(request.settings)
    from erckit.corpora import load_corpus
    from erckit.corpora.mappings.mappings import find_target
    from erckit.evaluation.run.evaluate import evaluate_model
    from erckit.labelling import Labeler
    from erckit.progress import Progress

    if request.map_to is not None:
        find_target(request.map_to)  # a mistyped name should be told before a model is loaded
    # The corpus first: that it is missing should be told before a model is fetched and loaded.
    corpus = load_corpus(request.corpus, folder=request.source) if request.corpus is not None else None
    if request.answers is not None:
        labeler = open_answering(request.name, request.answers, request.precision, request.quiet, keeps_vectors=True)
    else:
        labeler = Labeler.from_pretrained(request.name, precision=request.precision, keeps_vectors=True)
    if changes:
        labeler = with_style(labeler, changes)
    if corpus is None:
        corpus = _own_corpus(labeler, request)
    warn_overlap(corpus, request.split)
    labeler = with_scorer(labeler, request.scorer, corpus, request.quiet)
    with Progress(None, "Scoring" if request.answers is None else "Answering", quiet=request.quiet) as bar:
        result = evaluate_model(
            labeler,
            corpus,
            request.split,
            draws=request.draws or 2000,
            report=bar.advance,
            map_to=request.map_to,
            labels=request.labels,
        )
    tell_unparsed(labeler, request.quiet)
    return result


def _own_corpus(labeler: Labeler, request: EvaluateRequest) -> Corpus:
    """The corpus that the model was trained on, as it was trained, unless other labels are asked for."""
    from erckit.corpora import load_corpus
    from erckit.corpora.mixture import without_conversations
    from erckit.recipe.recorded import recorded_corpus

    if labeler.about.own_labels:
        raise typer.BadParameter(
            "an adapted model has labels of its own; name a corpus that has them.", param_hint="--corpus"
        )
    own = recorded_corpus(labeler.settings)
    if not own.name:
        raise typer.BadParameter("this model does not say its corpus; name one.", param_hint="--corpus")
    corpus = load_corpus(own.name, folder=request.source, map=own.map)
    return without_conversations(corpus, own.leave_out)
