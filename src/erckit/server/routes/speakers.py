"""``/v1/speakers/NAME``: what the memory knows of a speaker, and forgetting it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from erckit.server.guards.refusal import Refusal
from erckit.server.messages.answers import ForgottenAnswer, SpeakerAnswer
from erckit.server.messages.documented import errors
from erckit.server.messages.json_answer import json_answer
from erckit.server.messages.questions import Namespace
from erckit.server.messages.to_conversations import checked_speaker
from erckit.server.state import ServerState, namespace_of, state_of

SpeakerName = Annotated[str, Path(min_length=1, max_length=256, examples=["Ana"])]
SpeakersOf = Annotated[Namespace | None, Query(description="The key's own, or 'default', where left out.")]


def add_speaker_routes(router: APIRouter) -> None:
    """Declare both routes."""

    @router.get(
        "/v1/speakers/{speaker:path}",  # names may hold a slash
        response_model=SpeakerAnswer,
        responses=errors(404, 422, 504),
        summary="A speaker's emotional profile",
    )
    async def profile(speaker: SpeakerName, request: Request, namespace: SpeakersOf = None) -> Response:
        """Sum up what the speaker memory knows of a speaker."""
        state, name = _with_memory(request), checked_speaker(speaker)
        where = namespace_of(request, namespace)
        known, biography = await state.ask(request, state.engine.profile, name, where)
        if not known.utterances and biography is None:
            raise Refusal(404, "unknown_speaker", "the memory does not know this speaker.")
        return json_answer(
            {
                "speaker": speaker,
                "namespace": where,
                "model": known.model,
                "utterances": known.utterances,
                "conversations": known.conversations,
                "first_time": known.first_time,
                "last_time": known.last_time,
                "mean_scores": {label: round(score, 6) for label, score in known.mean_scores.items()},
                "label_counts": dict(known.label_counts),
                "biography": None if biography is None else biography.text,
            }
        )

    @router.delete(
        "/v1/speakers/{speaker:path}",  # names may hold a slash
        response_model=ForgottenAnswer,
        responses=errors(404, 422, 504),
        summary="Forget a speaker",
    )
    async def forget(speaker: SpeakerName, request: Request, namespace: SpeakersOf = None) -> Response:
        """Remove a speaker from the memory: when the answer comes, no byte of what they said is in its files."""
        state = _with_memory(request)
        where = namespace_of(request, namespace)
        removed = await state.ask(request, state.engine.forget, checked_speaker(speaker), where)
        return json_answer({"speaker": speaker, "namespace": where, "removed": removed})


def _with_memory(request: Request) -> ServerState:
    state = state_of(request)
    if not state.has_memory:
        raise Refusal(404, "no_memory", "the server has no speaker memory. Start it with --memory FOLDER.")
    return state
