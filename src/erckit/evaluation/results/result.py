"""What an evaluation writes: one versioned JSON file that holds every number and what it was measured on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from erckit.errors import ResultError
from erckit.labels import LabelSet
from erckit.storage.compact_predictions import pack_predictions, unpack_predictions

SCHEMA_VERSION = 1
# From so many prediction rows on, a file is written in the compact layout: DailyDialog's test split with five seeds
# takes 1.5 MB instead of 9.8, EmoryNLP's 0.3 instead of 1.7.
COMPACT_FROM = 2000
_ADDED = ("parameters", "trained_parameters", "training_seconds", "training_device", "cached_texts", "backbone")


@dataclass(frozen=True, slots=True)
class ProtocolRun:
    """What a score was measured on; printed before every score.

    Args:
        name: Protocol name, such as "emorynlp/test".
        corpus: Corpus name.
        split: Split name.
        conversations: Conversations with at least one scored utterance.
        utterances: Scored utterances, those with a gold label.
        metric: The protocol's main metric, a name of ``erckit.metrics.METRICS``.
        selection: The split on which checkpoint and settings were chosen, after its corpus where that is another one
            ("emorynlp dev"); "nothing" where there was nothing to choose.
        memory: What the model could remember of other conversations, in words.
        causal: Whether no prediction used a later utterance.
        corpus_version: Version of the corpus files, empty when unknown.
        mapping: Label set that labels were mapped to, empty when they are the corpus' own. Only results of one
            mapping and one label set may be compared.
        left_out: Utterances with a gold label that were not scored, as it has no counterpart among the labels.
        answers: How labels were read, where a model wrote them as text: ``"generated, parsed exact"``; empty where
            labels come from scores.
        known_labels: Whether utterances of a mixture were scored among the labels that their own corpus has.
    """

    name: str
    corpus: str
    split: str
    conversations: int
    utterances: int
    metric: str
    selection: str
    memory: str
    causal: bool
    corpus_version: str = ""
    mapping: str = ""
    left_out: int = 0
    answers: str = ""
    known_labels: bool = False


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One scored utterance, without its text.

    Args:
        conversation: Conversation id.
        utterance: Utterance id.
        gold: Gold label.
        label: Predicted label; empty where a generated answer names none, which counts as wrong.
        scores: Label to score in [0, 1], rounded to 4 decimals.
        seed: Seed of the run that predicted it, or None when unknown.
    """

    conversation: str
    utterance: str
    gold: str
    label: str
    scores: Mapping[str, float]
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """Scores of one system under one protocol. All scores are fractions.

    Args:
        protocol: What was measured on what.
        system: Name of the model or recipe.
        label_set: The labels, in the order of ``confusion``.
        seeds: Training seeds, one per run; empty when unknown.
        metrics: Metric name to score (the mean over runs), and "per_class" (label to precision, recall, f1, support,
            predicted), "interval_95" (metric to its bounds), "calibrated", and how good the scores are:
            "expected_calibration_error", "brier_score", "negative_log_likelihood", each also with the ending
            "_uncalibrated" (before temperature scaling), and "aurc". Files of earlier versions may lack these.
            Generated answers have no scores, so they lack these too; they have "unparsed_rate", the share of utterances
            whose answer names no label, and "inexact_rate", of those whose answer is not a label and nothing else.
        runs: One entry per run: its seed, the temperature its scores were scaled by (None: not scaled) and its metrics.
        mean: Metric name to mean over runs; empty for a single run.
        sd: Metric name to sample standard deviation over runs (divisor n - 1); empty for a single run.
        confusion: (L, L) counts, rows gold, columns predicted, added up over runs; without answers that name no label.
        predictions: One row per scored utterance and run.
        config: The recipe as trained.
        versions: Package name to version.
        code_version: Commit of the code, None outside a checkout.
        hardware: Processor, cores and accelerator of the evaluation.
        wall_seconds: Seconds that labelling took, over all runs.
        tokens_processed: Tokens encoded, over all runs.
        parameters: Parameters of one model, or None when unknown.
        trained_parameters: Those that training changed, or None when unknown.
        training_seconds: Seconds that the training of one run took on ``training_device``, the mean over runs; None
            when unknown for any of them. Scoring dev and writing checkpoints do not count.
        training_device: What it was trained on, empty when unknown; need not be ``hardware``.
        cached_texts: Texts that were not read while labelling, as a frozen backbone's vectors of them lay in the cache
            folder, over all runs; ``wall_seconds`` says nothing of the speed then. None when unknown.
        backbone: What the pretrained network is, in words; empty where ``config`` names it well enough.
        schema_version: Version of this layout.
    """

    protocol: ProtocolRun
    system: str
    label_set: LabelSet
    seeds: tuple[int, ...]
    metrics: Mapping[str, Any]
    runs: tuple[Mapping[str, Any], ...]
    confusion: tuple[tuple[int, ...], ...]
    predictions: tuple[PredictionRow, ...]
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    wall_seconds: float
    tokens_processed: int
    code_version: str | None = None
    mean: Mapping[str, float] = field(default_factory=dict)
    sd: Mapping[str, float] = field(default_factory=dict)
    parameters: int | None = None
    trained_parameters: int | None = None
    training_seconds: float | None = None
    training_device: str = ""
    cached_texts: int | None = None
    backbone: str = ""
    schema_version: int = SCHEMA_VERSION

    @property
    def temperatures(self) -> tuple[float | None, ...]:
        """Temperature of each run, what its logits were divided by; None where scores were not scaled, or not known."""
        return tuple(run.get("temperature") for run in self.runs)

    def to_json(self) -> str:
        """The result as JSON text; predictions stand one per line so that files can be compared line by line.

        A line is one utterance of one run, or in a large result one utterance with all its runs
        (:mod:`erckit.storage.compact_predictions`).
        """
        head = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "predictions"}
        head = {"schema_version": head.pop("schema_version"), **head}
        head["protocol"] = asdict(self.protocol)
        head["label_set"] = {"labels": list(self.label_set.labels), "neutral": self.label_set.neutral}
        text = json.dumps(head, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
        rows = [asdict(row) for row in self.predictions]
        listed = pack_predictions(rows, self.label_set.labels) if len(rows) >= COMPACT_FROM else None
        if listed is None:
            lines = [json.dumps(row, ensure_ascii=False, allow_nan=False, default=_plain) for row in rows]
            listed = "[\n  " + ",\n  ".join(lines) + "\n ]" if lines else "[]"
        return text.removesuffix("\n}") + f',\n "predictions": {listed}\n}}\n'

    @classmethod
    def from_json(cls, text: str, source: str = "result") -> Result:
        """Read what :meth:`to_json` wrote.

        Args:
            text: JSON text.
            source: Where it came from, for error messages.

        Raises:
            ResultError: Not JSON, an unknown schema version, or a part that is missing or malformed.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ResultError(f"{source}: not a JSON result ({error}); run 'erckit evaluate' again.") from None
        if not isinstance(data, dict):
            raise ResultError(f"{source}: not a result, a JSON object is expected; run 'erckit evaluate' again.")
        if isinstance(data.get("kind"), str):
            raise ResultError(
                f"{source}: holds a {data['kind']} result, which is no classification score and is not compared with "
                "any; name files that 'erckit evaluate --json' wrote for a split."
            )
        version = data.get("schema_version")
        if version != SCHEMA_VERSION:
            newer = isinstance(version, int) and version > SCHEMA_VERSION
            fix = "upgrade erckit to read it" if newer else "run 'erckit evaluate' again to write a new one"
            raise ResultError(f"{source}: schema version {version!r}, this erckit reads {SCHEMA_VERSION}; {fix}.")
        try:
            return cls(
                protocol=ProtocolRun(**data["protocol"]),
                system=data["system"],
                label_set=LabelSet(tuple(data["label_set"]["labels"]), data["label_set"]["neutral"]),
                seeds=tuple(data["seeds"]),
                metrics=_checked_metrics(data["metrics"]),
                runs=tuple(data["runs"]),
                mean=data["mean"],
                sd=data["sd"],
                confusion=tuple(tuple(row) for row in data["confusion"]),
                predictions=tuple(PredictionRow(**row) for row in unpack_predictions(data["predictions"])),
                config=data["config"],
                versions=data["versions"],
                code_version=data["code_version"],
                hardware=data["hardware"],
                wall_seconds=data["wall_seconds"],
                tokens_processed=data["tokens_processed"],
                # Later additions, which older files lack.
                **{name: data[name] for name in _ADDED if name in data},
            )
        except KeyError as error:
            raise ResultError(f"{source}: the part {error} is missing; run 'erckit evaluate' again.") from None
        except (TypeError, ValueError, AttributeError, IndexError) as error:
            raise ResultError(f"{source}: malformed ({error}); run 'erckit evaluate' again.") from None

    def save(self, path: str | Path) -> Path:
        """Write the result; an existing file is replaced at once or not at all."""
        from erckit.storage.atomic import write_text

        return write_text(path, self.to_json())

    @classmethod
    def load(cls, path: str | Path) -> Result:
        """Read a result file.

        Raises:
            ResultError: The file cannot be read or is not a result of a known schema version.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ResultError(f"{path}: cannot be read ({reason}); name a file that 'erckit evaluate' wrote.") from None
        return cls.from_json(text, str(path))


def _checked_metrics(metrics: Any) -> Any:
    for needed in ("weighted_f1", "accuracy", "macro_f1", "per_class", "interval_95"):
        metrics[needed]
    return metrics


def _plain(value: Any) -> Any:
    """Numbers of numpy, paths and mappings as JSON knows them."""
    if isinstance(value, Mapping):
        return dict(value)
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, (tuple, set, frozenset)):
        return sorted(value) if isinstance(value, (set, frozenset)) else list(value)
    if isinstance(value, Path):
        return value.name  # never the folders of this machine
    raise TypeError(f"{type(value).__name__} cannot be written to a result")
