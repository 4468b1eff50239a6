"""``GET /health`` and ``GET /metrics``: for whatever watches the server."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from erckit.server.guards.refusal import Refusal
from erckit.server.messages.answers import ErrorAnswer, HealthAnswer
from erckit.server.messages.documented import errors
from erckit.server.messages.json_answer import json_answer
from erckit.server.state import state_of


def add_watching_routes(router: APIRouter) -> None:
    """Declare both routes."""

    @router.get(
        "/health",
        response_model=HealthAnswer,
        responses={503: {"model": ErrorAnswer, "description": "The server is stopping."}},
        summary="Whether the server takes requests",
    )
    async def health(request: Request) -> Response:
        """Needs no API key."""
        if state_of(request).traffic.draining.is_set():
            raise Refusal(503, "stopping", "the server is stopping.")
        return json_answer({"status": "ok"})

    @router.get(
        "/metrics",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, **errors()},
        summary="Counters for Prometheus",
    )
    async def metrics(request: Request) -> Response:
        """Requests, latencies, queue and utterances; no text, name or namespace is in them."""
        return Response(state_of(request).counters.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
