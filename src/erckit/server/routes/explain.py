"""``POST /v1/explain``: which earlier utterances mattered for a label."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from erckit.server.guards.refusal import Refusal
from erckit.server.messages.answers import ExplainAnswer
from erckit.server.messages.documented import errors
from erckit.server.messages.json_answer import json_answer
from erckit.server.messages.questions import ExplainQuestion
from erckit.server.messages.to_conversations import to_conversations
from erckit.server.state import state_of

MOST_WORK = 1024  # utterances that one explanation may have the model read, since it holds up everybody else


def add_explain_route(router: APIRouter) -> None:
    """Declare the route."""

    @router.post(
        "/v1/explain",
        response_model=ExplainAnswer,
        responses=errors(404, 408, 413, 415, 422, 504),
        summary="Which earlier utterances mattered",
    )
    async def explain(question: ExplainQuestion, request: Request) -> Response:
        """Leave each earlier utterance out in turn and tell what that changes of the label's score.

        The cost is `passes` readings of the conversation. In long conversations only the nearest earlier utterances
        are left out. The speaker memory is neither read nor written.
        """
        state = state_of(request)
        limits = state.settings.limits
        model = state.models.find(question.model)
        (conversation,) = to_conversations([question.conversation], limits)
        if question.index >= len(conversation):
            raise Refusal(
                404, "no_such_utterance", f"the conversation has the utterances 0 to {len(conversation) - 1}."
            )
        nearest = min(limits.explain_utterances, max(1, MOST_WORK // (question.index + 1) - 1))
        work = (min(nearest, question.index) + 1) * (question.index + 1)
        found = await state.ask(
            request, state.engine.explain, model, conversation, question.index, nearest, utterances=work
        )
        return json_answer(
            {
                "label": found.label,
                "score": round(found.score, 6),
                "effects": [{"id": one.utterance_id, "effect": round(one.effect, 6)} for one in found.effects],
                "passes": found.passes,
            }
        )
