"""``GET /v1/models``: the models a client may name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from erckit.reports.pages.svg_markers import marker_path
from erckit.reports.palette import label_styles
from erckit.server.messages.answers import ModelsAnswer
from erckit.server.messages.documented import errors
from erckit.server.messages.json_answer import json_answer
from erckit.server.state import state_of


def add_models_route(router: APIRouter) -> None:
    """Declare the route."""

    @router.get("/v1/models", response_model=ModelsAnswer, responses=errors(), summary="The models")
    async def models(request: Request) -> Response:
        """List the models with their labels, and what one request may hold."""
        state = state_of(request)
        table = state.models
        rows = []
        for name in table:
            labeler = table.labeler(name)
            rows.append(
                {
                    "id": name,
                    "labels": list(labeler.label_set.labels),
                    "neutral": labeler.label_set.neutral,
                    "causal": labeler.causal,
                    "calibrated": labeler.temperature is not None,
                    "default": name == table.default,
                    "styles": _styles(labeler.label_set.labels),
                }
            )
        limits = state.settings.limits.told()
        return json_answer({"models": rows, "limits": limits, "memory": state.has_memory})


def _styles(labels: Sequence[str]) -> list[dict[str, Any]]:
    """How the page draws each label: the colours and shapes that the reports have."""
    styles = label_styles(labels)
    return [
        {
            "label": label,
            "code": styles[label].code,
            "light": styles[label].light,
            "dark": styles[label].dark,
            "shape": marker_path(position),
        }
        for position, label in enumerate(labels)
    ]
