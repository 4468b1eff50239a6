"""``POST /v1/label``: whole conversations in, a label for every utterance out."""

from __future__ import annotations

import time

from fastapi import APIRouter, Request
from starlette.responses import Response

from erckit.server.engine import LabelKey
from erckit.server.guards.access import key_of
from erckit.server.messages.answers import LabelAnswer
from erckit.server.messages.documented import errors
from erckit.server.messages.json_answer import json_answer, label_fields
from erckit.server.messages.questions import LabelQuestion
from erckit.server.messages.to_conversations import to_conversations
from erckit.server.state import namespace_of, state_of


def add_label_route(router: APIRouter) -> None:
    """Declare the route."""

    @router.post(
        "/v1/label",
        response_model=LabelAnswer,
        responses=errors(404, 408, 413, 415, 422, 504),
        summary="Label conversations",
    )
    async def label(question: LabelQuestion, request: Request) -> Response:
        """Label every utterance of one or more conversations. Answers after the speaker memory has been written."""
        began = time.perf_counter()
        state = state_of(request)
        model = state.models.find(question.model)
        remember = state.remembers(question.remember)
        key = LabelKey(model, namespace_of(request, question.namespace), remember, question.min_confidence)
        conversations = to_conversations(question.conversations, state.settings.limits, lasting=remember)
        labelled = await state.worker.do(key, conversations, sum(map(len, conversations)), owner=key_of(request.scope))
        labeler = state.models.labeler(model)
        return json_answer(
            {
                "model": model,
                "labels": list(labeler.label_set.labels),
                "neutral": labeler.label_set.neutral,
                "calibrated": labeler.temperature is not None,
                "causal": labeler.causal,
                "conversations": [
                    {
                        "id": done.conversation.id,
                        "utterances": [
                            {
                                "id": prediction.utterance_id,
                                "speaker": said.speaker,
                                "text": said.text,
                                **label_fields(prediction),
                                "reason": prediction.reason,
                            }
                            for said, prediction in zip(asked.utterances, done.predictions, strict=True)
                        ],
                    }
                    for asked, done in zip(question.conversations, labelled, strict=True)
                ],
                "seconds": round(time.perf_counter() - began, 6),
            }
        )
