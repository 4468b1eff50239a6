"""Run one system under one protocol."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from erckit.backbones.about import backbone_about
from erckit.conversation import Conversation, LabelledConversation
from erckit.corpora.mappings.mappings import count_left_out
from erckit.corpora.mixture import KNOWN_LABELS
from erckit.corpora.variants import base_split
from erckit.errors import CorpusError, LabelSetError, SettingError, nearest
from erckit.evaluation.results.result import PredictionRow, ProtocolRun, Result
from erckit.evaluation.results.selection import NOTHING
from erckit.evaluation.run.confidence_metrics import confidence_metrics
from erckit.evaluation.run.known_labels import among_known_labels
from erckit.evaluation.run.mapped import SharedLabels, share_labels
from erckit.labelling.scored_predictions import labelled_conversations
from erckit.labels import LabelSet
from erckit.metrics.from_confusion import NO_LABEL
from erckit.models.system import About, Ask, System
from erckit.recipe.recorded import recorded_corpus, recorded_reading, recorded_seed

if TYPE_CHECKING:
    from erckit.corpora import Corpus


def evaluate_model(
    system: System,
    corpus: Corpus,
    split: str,
    draws: int = 2000,
    report: Callable[[int], None] | None = None,
    map_to: str | Path | None = None,
    labels: Sequence[str] | None = None,
) -> Result:
    """Label a split and score it.

    A model trained on all earlier conversations remembers the train split and what came earlier in the story within
    the evaluated split; gold labels are never part of what it remembers. Conversations of a mixture are scored among
    the labels that their own corpus has, as training scores dev.

    Args:
        system: A ``Labeler``, or any other system, such as a baseline.
        corpus: Where the conversations and gold labels come from.
        split: One of the corpus' splits.
        draws: Bootstrap resamples for the 95 % intervals.
        report: Called with the number of utterances encoded, or None.
        map_to: Name of a label set or a mapping file: the model's and the corpus' labels are mapped to it, and
            the labels that both reach are scored. None where both have the same labels.
        labels: Score these of the shared labels and no others; for labels that are mapped, here or in the corpus.

    Returns:
        The result of one run. After mapping its scores are called calibrated only when the model's are, none of
        its labels is left without a counterpart among the scored ones, and no utterance is left out.

    Raises:
        CorpusError: The corpus lacks the split, or the split has no gold labels.
        LabelSetError: The model's labels are not the corpus' labels.
    """
    corpus.split(split)
    about = system.about
    shared = _shared_labels(about, corpus, map_to, labels)
    label_set = corpus.label_set
    if shared is not None:
        corpus, label_set = shared.corpus, shared.label_set
    conversations = tuple(corpus.split(split))
    left_out = count_left_out(conversations, label_set)
    ask, remembered = split_ask(about.settings, corpus, split, conversations, report)

    started = time.perf_counter()
    reading = system.read(ask)
    labelled = labelled_conversations(conversations, reading, about, temperature=about.temperature)
    seconds = time.perf_counter() - started
    raw = None if about.temperature is None else labelled_conversations(conversations, reading, about)
    if shared is not None:
        labelled = shared.map_labelled(labelled, is_named=bool(about.answers))
        raw = shared.map_labelled(raw) if raw is not None else None
    # Generated answers are taken as they are: a label that their corpus does not have is wrong.
    is_among_known = not about.answers and any(KNOWN_LABELS in one.meta for one in conversations)
    if is_among_known:
        # Its training fitted the temperature among these labels; a baseline or own labels did not.
        is_own = recorded_corpus(about.settings).name == corpus.name and not about.own_labels
        labelled = among_known_labels(labelled, label_set, stays_calibrated=is_own and about.temperature is not None)
        raw = among_known_labels(raw, label_set) if raw is not None else None
    seed = recorded_seed(about.settings)
    rows = prediction_rows(labelled, label_set, seed)
    if not rows:
        raise CorpusError(
            f"{corpus.name}/{split}: no utterance has a gold label to score; choose a split that has gold labels."
        )
    # A score is not a probability of what is left when gold labels were left out.
    calibrated = not left_out and all(p.calibrated for one in labelled for p in one.predictions)
    return single_result(
        rows,
        protocol=dataclasses.replace(
            _protocol(corpus, split, rows, memory_words(about.settings, remembered, split), about.is_causal),
            selection=_selection(about, corpus),
            left_out=left_out,
            answers=about.answers,
            known_labels=is_among_known,
        ),
        system=about.name,
        label_set=label_set,
        seed=seed,
        calibrated=calibrated,
        config=portable(about.settings),
        wall_seconds=seconds,
        tokens_processed=reading.tokens,
        draws=draws,
        costs={**training_costs(about), "cached_texts": reading.cached},
        uncalibrated=prediction_rows(raw, label_set, seed) if raw is not None else None,
        temperature=about.temperature,
        more_metrics=None if reading.answers is None else {"inexact_rate": reading.answers.inexact_rate},
    )


def split_ask(
    settings: Mapping[str, Any],
    corpus: Corpus,
    split: str,
    conversations: Sequence[Conversation],
    report: Callable[[int], None] | None = None,
    wants_vectors: bool = False,
) -> tuple[Ask, tuple[str, ...]]:
    """What a system is asked about a split, remembering as it was trained, and the splits that it may remember.

    Args:
        settings: What the system was trained with.
        corpus: The corpus.
        split: One of its splits.
        conversations: Of that split.
        report: Called with the number of utterances read.
        wants_vectors: Whether vectors are wanted.
    """
    scope = recorded_reading(settings).scope
    remembered = remembered_splits(corpus, split) if scope == "all" else ()
    return Ask(
        conversations,
        # "all" means as trained, which for a model without any history is none.
        "conversation" if scope == "conversation" else "all",
        tuple(one for name in remembered for one in corpus.splits[name]),
        report=report,
        wants_vectors=wants_vectors,
    ), remembered


def training_costs(about: About) -> dict[str, Any]:
    """How large a model is and what its training took, as fields of a result; what is unknown is left out."""
    costs: dict[str, Any] = {"parameters": about.parameters, "trained_parameters": about.trained_parameters}
    costs |= {name: about.scores.get(name) for name in ("training_seconds", "training_device")}
    if about.backbone:
        costs["backbone"] = backbone_about(about.backbone, about.backbone_folder)
    return {name: value for name, value in costs.items() if value is not None}


def single_result(
    rows: Sequence[PredictionRow],
    *,
    protocol: ProtocolRun,
    system: str,
    label_set: LabelSet,
    seed: int | None,
    calibrated: bool,
    config: Mapping[str, Any],
    wall_seconds: float,
    tokens_processed: int,
    draws: int,
    costs: Mapping[str, Any] | None = None,
    uncalibrated: Sequence[PredictionRow] | None = None,
    temperature: float | None = None,
    more_metrics: Mapping[str, float] | None = None,
) -> Result:
    """The result of one run from its prediction rows, whose scores are rounded after all metrics are computed.

    ``costs`` are further fields, as of :func:`training_costs`; ``uncalibrated`` are the same rows with their scores
    before they were scaled by ``temperature``, where they were. Generated answers have no scores to be measured; their
    ``unparsed_rate`` is.
    """
    from erckit.evaluation.run.provenance import code_version, hardware, package_versions
    from erckit.metrics import METRICS, bootstrap_interval, classification_report, metric_names

    gold = [label_set.index(row.gold) for row in rows]
    predicted = [label_set.index(row.label) if row.label else NO_LABEL for row in rows]
    report = classification_report(gold, predicted, label_set)
    metrics = report.to_dict()
    metrics |= {name: report.value(name, label_set) for name in metric_names() if name not in METRICS}
    confusion = metrics.pop("confusion")
    groups = conversation_index(rows)
    if protocol.answers:
        metrics["unparsed_rate"] = predicted.count(NO_LABEL) / len(predicted)
    else:
        metrics |= confidence_metrics(rows, uncalibrated, label_set)
    metrics |= more_metrics or {}
    metrics["calibrated"] = calibrated
    metrics["interval_95"] = {
        name: list(bootstrap_interval(gold, predicted, groups, name, draws=draws, label_set=label_set))
        for name in metric_names()
    }
    of_run = {name: value for name, value in metrics.items() if name != "per_class"}
    return Result(
        protocol=protocol,
        system=system,
        label_set=label_set,
        seeds=() if seed is None else (seed,),
        metrics=metrics,
        runs=({"seed": seed, "temperature": temperature, "metrics": of_run},),
        confusion=tuple(tuple(row) for row in confusion),
        predictions=tuple(_rounded(row) for row in rows),
        config=config,
        versions=package_versions(),
        code_version=code_version(),
        hardware=hardware(),
        wall_seconds=round(wall_seconds, 3),
        tokens_processed=tokens_processed,
        **(costs or {}),
    )


def prediction_rows(
    labelled: Sequence[LabelledConversation], label_set: LabelSet, seed: int | None
) -> list[PredictionRow]:
    """One row per utterance with a gold label, scores in the order of the corpus' label set."""
    return [
        PredictionRow(
            conversation=one.conversation.id,
            utterance=utterance.id,
            gold=utterance.label,
            label=prediction.label or _likeliest(prediction.scores),
            scores={label: float(prediction.scores[label]) for label in label_set.labels},
            seed=seed,
        )
        for one in labelled
        for utterance, prediction in zip(one.conversation.utterances, one.predictions, strict=True)
        if utterance.label is not None
    ]


def _likeliest(scores: Mapping[str, float]) -> str:
    """The label with the highest score; empty where no label has any, as an answer that names none."""
    return max(scores, key=lambda label: scores[label]) if any(scores.values()) else ""


def _rounded(row: PredictionRow) -> PredictionRow:
    return dataclasses.replace(row, scores={label: round(score, 4) for label, score in row.scores.items()})


def conversation_index(rows: Sequence[PredictionRow]) -> list[int]:
    """(N,) the number of each row's conversation, in order of first appearance."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(row.conversation, len(numbers)) for row in rows]


def portable(settings: Any) -> Any:
    """The settings with file names in place of absolute paths, which say nothing on another machine."""
    if isinstance(settings, Mapping):
        return {key: portable(value) for key, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return [portable(value) for value in settings]
    if isinstance(settings, (str, PurePath)) and PurePath(settings).is_absolute():
        return PurePath(settings).name
    return settings


def _shared_labels(
    about: About, corpus: Corpus, map_to: str | Path | None, only: Sequence[str] | None
) -> SharedLabels | None:
    """The labels to score when they are not simply those of model and corpus, else None."""
    own = about.label_set.labels
    if map_to is not None or (only is not None and corpus.mapping):
        return share_labels(own, corpus, map_to, only)
    if only is not None:
        # Unmapped, a result would not say that it is over some of the corpus' labels.
        raise LabelSetError("only mapped labels can be chosen from; name a label set, for instance '--map ekman'.")
    ours, theirs = set(own), set(corpus.label_set.labels)
    if ours == theirs:
        return None
    if corpus.mapping:
        return share_labels(own, corpus)
    raise LabelSetError(
        f"model '{about.name}' knows the labels {sorted(ours)}, corpus '{corpus.name}' has {sorted(theirs)}; "
        "evaluate on a corpus with the model's labels, train on this corpus, or map both to one label set with "
        "'--map ekman' ('erckit corpora mappings' shows which)."
    )


def _selection(about: About, corpus: Corpus) -> str:
    """The split a model was chosen on, with its corpus where that is not the one that is scored."""
    if about.selected_on != "dev":
        return about.selected_on or NOTHING
    own = recorded_corpus(about.settings).name
    return "dev" if own in ("", corpus.name) else f"{own} dev"


def _protocol(corpus: Corpus, split: str, rows: Sequence[PredictionRow], memory: str, causal: bool) -> ProtocolRun:
    from erckit.metrics import metric_names

    name = f"{corpus.name}/{split}"
    known = corpus.protocols.get(f"{corpus.name}/{base_split(split)}")
    metric = str(getattr(known, "metric", "weighted_f1"))
    if metric not in metric_names():
        raise SettingError(f"protocol '{name}' asks for the metric '{metric}'. {nearest(metric, metric_names())}")
    return ProtocolRun(
        name=name,
        corpus=corpus.name,
        split=split,
        conversations=len({row.conversation for row in rows}),
        utterances=len(rows),
        metric=metric,
        selection="dev",
        memory=memory,
        causal=causal,
        corpus_version=str(corpus.version or ""),
        mapping=corpus.mapping,
    )


def remembered_splits(corpus: Corpus, split: str) -> tuple[str, ...]:
    """Other splits whose conversations may be remembered while ``split`` is scored."""
    base = base_split(split)
    protocol = corpus.protocols.get(f"{corpus.name}/{base}")
    allowed = getattr(protocol, "remembered_splits", None)
    if allowed is None:
        allowed = () if base == "train" else ("train",)
    return tuple(name for name in allowed if name in corpus.splits and name != base)


def memory_words(settings: Mapping[str, Any], remembered: Sequence[str], split: str) -> str:
    """What the model could remember of other conversations, in words."""
    reading = recorded_reading(settings)
    if reading.scope == "all":
        return " and ".join([*remembered, f"earlier {split} utterances in {reading.order} order"])
    if reading.scope == "conversation":
        return "this conversation only"
    # A system over vectors reads utterances alone and looks at the conversation afterwards: "preceding" or "chunk".
    if reading.is_alone and reading.scope == "none":
        return "none, every utterance alone"
    return "none beyond the context of the conversation"
