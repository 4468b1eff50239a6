"""Answers as JSON, written without a second look at every value."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from erckit.conversation import Prediction


def json_answer(value: Any) -> Response:
    """A response with ``value``; a NaN in it is an error, never sent."""
    return Response(to_json(value), media_type="application/json")


def to_json(value: Any) -> bytes:
    """``value`` as compact JSON in UTF-8."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def label_fields(prediction: Prediction) -> dict[str, Any]:
    """The fields of an answer that a prediction gives; six decimals, since more mean nothing."""
    scores = {label: round(score, 6) for label, score in prediction.scores.items()}
    return {"label": prediction.label, "confidence": round(prediction.confidence, 6), "scores": scores}
