"""Run one trained model under one protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from erckit.conversation import LabelledConversation
from erckit.errors import CorpusError, LabelSetError, SettingError, nearest
from erckit.evaluation.result import PredictionRow, ProtocolRun, Result
from erckit.labels import LabelSet

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling import Labeler


def evaluate_model(
    labeler: Labeler, corpus: Corpus, split: str, draws: int = 2000, report: Callable[[int], None] | None = None
) -> Result:
    """Label a split and score it.

    A model trained on all earlier conversations remembers the train split and what came earlier in the story within
    the evaluated split; gold labels are never part of what it remembers.

    Args:
        labeler: The trained model.
        corpus: Where the conversations and gold labels come from.
        split: One of the corpus' splits.
        draws: Bootstrap resamples for the 95 % intervals.
        report: Called with the number of utterances encoded, or None.

    Returns:
        The result of one run.

    Raises:
        CorpusError: The corpus lacks the split, or the split has no gold labels.
        LabelSetError: The model's labels are not the corpus' labels.
    """
    conversations = _split(corpus, split)
    _check_labels(labeler, corpus)
    scope = history_scope(labeler.settings)
    remembered = _remembered_splits(corpus, split) if scope == "all" else ()
    options: dict[str, Any] = {
        # "all" means as trained, which for a model without any history is none.
        "history": "conversation" if scope == "conversation" else "all",
        "remember": tuple(one for name in remembered for one in corpus.splits[name]),
    }
    if report is not None:
        options["report"] = report

    tokens_before, started = labeler.tokens_processed, time.perf_counter()
    labelled = labeler.label(conversations, **options)
    seconds = time.perf_counter() - started
    seed = _seed(labeler.settings)
    rows = prediction_rows(labelled, corpus.label_set, seed)
    if not rows:
        raise CorpusError(
            f"{corpus.name}/{split}: no utterance has a gold label to score; choose a split that has gold labels."
        )
    calibrated = all(p.calibrated for one in labelled for p in one.predictions)
    return single_result(
        rows,
        protocol=_protocol(corpus, split, rows, _memory(labeler.settings, remembered, split), labeler.causal),
        system=labeler.name,
        label_set=corpus.label_set,
        seed=seed,
        calibrated=calibrated,
        config=_portable(labeler.settings),
        wall_seconds=seconds,
        tokens_processed=labeler.tokens_processed - tokens_before,
        draws=draws,
    )


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
) -> Result:
    """The result of one run from its prediction rows."""
    from erckit.evaluation.provenance import code_version, hardware, package_versions
    from erckit.metrics import METRICS, bootstrap_interval, classification_report, expected_calibration_error

    gold = [label_set.index(row.gold) for row in rows]
    predicted = [label_set.index(row.label) for row in rows]
    scores = [[row.scores[label] for label in label_set.labels] for row in rows]
    metrics = classification_report(gold, predicted, label_set).to_dict()
    confusion = metrics.pop("confusion")
    groups = conversation_index(rows)
    metrics["expected_calibration_error"] = expected_calibration_error(scores, gold)
    metrics["calibrated"] = calibrated
    metrics["interval_95"] = {
        name: list(bootstrap_interval(gold, predicted, groups, name, draws=draws, label_set=label_set))
        for name in METRICS
    }
    return Result(
        protocol=protocol,
        system=system,
        label_set=label_set,
        seeds=() if seed is None else (seed,),
        metrics=metrics,
        runs=({"seed": seed, "metrics": {k: v for k, v in metrics.items() if k != "per_class"}},),
        confusion=tuple(tuple(row) for row in confusion),
        predictions=tuple(rows),
        config=config,
        versions=package_versions(),
        code_version=code_version(),
        hardware=hardware(),
        wall_seconds=round(wall_seconds, 3),
        tokens_processed=tokens_processed,
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
            label=prediction.label or max(prediction.scores, key=lambda label: prediction.scores[label]),
            scores={label: round(float(prediction.scores[label]), 4) for label in label_set.labels},
            seed=seed,
        )
        for one in labelled
        for utterance, prediction in zip(one.conversation.utterances, one.predictions, strict=True)
        if utterance.label is not None
    ]


def conversation_index(rows: Sequence[PredictionRow]) -> list[int]:
    """(N,) the number of each row's conversation, in order of first appearance."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(row.conversation, len(numbers)) for row in rows]


def history_scope(settings: Mapping[str, Any]) -> str:
    """What a model was trained to remember: "none", "conversation" or "all"."""
    return str(_history(settings).get("scope") or "none")


def _history(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    model = settings.get("model")
    history = model.get("history") if isinstance(model, Mapping) else None
    return history if isinstance(history, Mapping) else {}


def _portable(settings: Any) -> Any:
    """The settings with file names in place of absolute paths, which say nothing on another machine."""
    if isinstance(settings, Mapping):
        return {key: _portable(value) for key, value in settings.items()}
    if isinstance(settings, (list, tuple)):
        return [_portable(value) for value in settings]
    if isinstance(settings, (str, PurePath)) and PurePath(settings).is_absolute():
        return PurePath(settings).name
    return settings


def _split(corpus: Corpus, split: str) -> tuple[Any, ...]:
    if split not in corpus.splits:
        raise CorpusError(f"corpus '{corpus.name}' has no split '{split}'. {nearest(split, corpus.splits)}")
    return tuple(corpus.splits[split])


def _check_labels(labeler: Labeler, corpus: Corpus) -> None:
    ours, theirs = set(labeler.label_set.labels), set(corpus.label_set.labels)
    if ours != theirs:
        raise LabelSetError(
            f"model '{labeler.name}' knows the labels {sorted(ours)}, corpus '{corpus.name}' has {sorted(theirs)}; "
            "evaluate on a corpus with the model's labels, or train on this corpus."
        )


def _seed(settings: Mapping[str, Any]) -> int | None:
    training = settings.get("training")
    seed = training.get("seed") if isinstance(training, Mapping) else None
    return int(seed) if seed is not None else None


def _protocol(corpus: Corpus, split: str, rows: Sequence[PredictionRow], memory: str, causal: bool) -> ProtocolRun:
    from erckit.metrics import METRICS

    name = f"{corpus.name}/{split}"
    known = corpus.protocols.get(name)
    metric = str(getattr(known, "metric", "weighted_f1"))
    if metric not in METRICS:
        raise SettingError(f"protocol '{name}' asks for the metric '{metric}'. {nearest(metric, METRICS)}")
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
    )


def _remembered_splits(corpus: Corpus, split: str) -> tuple[str, ...]:
    """Other splits whose conversations may be remembered while ``split`` is scored."""
    protocol = corpus.protocols.get(f"{corpus.name}/{split}")
    allowed = getattr(protocol, "remembered_splits", None)
    if allowed is None:
        allowed = () if split == "train" else ("train",)
    return tuple(name for name in allowed if name in corpus.splits and name != split)


def _memory(settings: Mapping[str, Any], remembered: Sequence[str], split: str) -> str:
    """What the model could remember of other conversations, in words."""
    scope = history_scope(settings)
    if scope == "all":
        order = _history(settings).get("order", "story")
        return " and ".join([*remembered, f"earlier {split} utterances in {order} order"])
    return "this conversation only" if scope == "conversation" else "none beyond the context of the conversation"
