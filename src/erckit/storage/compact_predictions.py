"""The predictions of a large result, one short line per utterance instead of one long line per utterance and run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

# Scores of a result have four decimals; a layout that stored them as whole numbers must give back the same number.
_SCALE = 10_000


def pack_predictions(rows: Sequence[Mapping[str, Any]], labels: Sequence[str]) -> str | None:
    """Prediction rows as JSON text: ids and gold once per utterance, then label and scores of each run.

    A line reads ``["scene", "utterance", "gold", [label, score, score, ...], ...]`` with one inner list per run; label
    is a position in ``labels``, scores are in ten-thousandths and in the order of ``labels``. Seven labels and five
    runs take about a quarter of the bytes of the plain layout.

    Args:
        rows: With the keys ``conversation``, ``utterance``, ``gold``, ``label``, ``scores`` and ``seed``; run after
            run, every run with the same utterances in the same order.
        labels: Labels in the order of the scores.

    Returns:
        A JSON object as text, or None when this layout would lose something.
    """
    runs = _runs(rows)
    if not runs or any(len(run) != len(runs[0]) for run in runs):
        return None
    if len({run[0]["seed"] for run in runs}) != len(runs) or any(
        _key(a) != _key(b) for run in runs for a, b in zip(runs[0], run, strict=True)
    ):
        return None
    position = {label: i for i, label in enumerate(labels)}
    lines = []
    for cells in zip(*runs, strict=True):
        packed: list[Any] = list(_key(cells[0]))
        for row in cells:
            scores = row["scores"]
            if list(scores) != list(labels) or row["label"] not in position or set(row) != _KEYS:
                return None
            whole = [round(score * _SCALE) for score in scores.values()]
            if any(part / _SCALE != score for part, score in zip(whole, scores.values(), strict=True)):
                return None
            packed.append([position[row["label"]], *whole])
        lines.append(json.dumps(packed, ensure_ascii=False, allow_nan=False, separators=(",", ":")))
    head = json.dumps({"labels": list(labels), "seeds": [run[0]["seed"] for run in runs]}, ensure_ascii=False)
    return head.removesuffix("}") + ', "rows": [\n  ' + ",\n  ".join(lines) + "\n ]}"


def unpack_predictions(predictions: Any) -> list[dict[str, Any]]:
    """Prediction rows of a result, whichever of the two layouts it has.

    Args:
        predictions: The part "predictions" of a result's JSON.

    Raises:
        KeyError, TypeError, ValueError, IndexError: It has neither layout.
    """
    if isinstance(predictions, list):
        return [dict(row) for row in predictions]
    labels, seeds = list(predictions["labels"]), list(predictions["seeds"])
    found: list[list[dict[str, Any]]] = [[] for _ in seeds]
    for conversation, utterance, gold, *cells in predictions["rows"]:
        for run, seed, (label, *scores) in zip(found, seeds, cells, strict=True):
            run.append(
                {
                    "conversation": conversation,
                    "utterance": utterance,
                    "gold": gold,
                    "label": labels[label],
                    "scores": {name: score / _SCALE for name, score in zip(labels, scores, strict=True)},
                    "seed": seed,
                }
            )
    return [row for run in found for row in run]


_KEYS = {"conversation", "utterance", "gold", "label", "scores", "seed"}


def _key(row: Mapping[str, Any]) -> tuple[str, str, str]:
    return row["conversation"], row["utterance"], row["gold"]


def _runs(rows: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Rows cut where the seed changes."""
    runs: list[list[Mapping[str, Any]]] = []
    for row in rows:
        if not runs or runs[-1][0]["seed"] != row["seed"]:
            runs.append([])
        runs[-1].append(row)
    return runs
