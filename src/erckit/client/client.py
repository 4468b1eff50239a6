"""The client: a server's labels as the same objects that a local labeler gives."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from erckit.client.model_info import ModelInfo
from erckit.client.speaker_summary import SpeakerSummary
from erckit.client.transport import Transport
from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.errors import ErckitError
from erckit.labels import LabelSet


class Client:
    """Asks a server that ``erckit serve`` started.

    Args:
        base_url: Its address, such as ``http://127.0.0.1:8000``.
        api_key: The key it was started with, if any.
        timeout: Seconds to wait for an answer.
        tries: How often a busy server is asked; between tries the client waits as long as the server says.

    Raises:
        SettingError: An address that is none.
    """

    def __init__(self, base_url: str, api_key: str | None = None, timeout: float = 60.0, tries: int = 5) -> None:
        self._transport = Transport(base_url, api_key, timeout, tries, time.sleep)

    def label(
        self,
        conversations: Sequence[Conversation] | Conversation,
        *,
        model: str | None = None,
        min_confidence: float | None = None,
        namespace: str | None = None,
        remember: bool | None = None,
    ) -> list[LabelledConversation]:
        """Label every utterance of one or more conversations, in one request.

        Args:
            conversations: Conversations with different ids; gold labels and extras stay here.
            model: Id of a model; None takes the server's default.
            min_confidence: Least score of the top label, in [0, 1]; below it the label is None.
            namespace: Whose speakers; None takes the key's own, or ``default``.
            remember: Whether the server's speaker memory is read and written; None: yes where it has one.

        Returns:
            One labelled conversation per conversation, in the given order.

        Raises:
            ServerError: One of its subclasses, by what went wrong.
        """
        asked = [conversations] if isinstance(conversations, Conversation) else list(conversations)
        if not asked:
            return []
        question = {
            "conversations": [_question(one) for one in asked],
            "model": model,
            "min_confidence": min_confidence,
            "namespace": namespace,
            "remember": remember,
        }
        answer = self._transport.ask("POST", "/v1/label", {k: v for k, v in question.items() if v is not None})
        told = {"calibrated": bool(answer["calibrated"]), "causal": bool(answer.get("causal", True))}
        try:
            return [
                LabelledConversation(conversation, tuple(_prediction(one, told) for one in row["utterances"]))
                for conversation, row in zip(asked, answer["conversations"], strict=True)
            ]
        except (KeyError, TypeError, ValueError) as error:
            raise ErckitError(f"the server's answer is not as documented ({error!r}). Update the client.") from None

    def models(self) -> list[ModelInfo]:
        """The models that the server has, its default first."""
        rows = self._transport.ask("GET", "/v1/models")["models"]
        found = [
            ModelInfo(
                row["id"],
                LabelSet(tuple(row["labels"]), row["neutral"]),
                row["causal"],
                row["calibrated"],
                row["default"],
            )
            for row in rows
        ]
        return sorted(found, key=lambda model: not model.default)

    def speaker(self, name: str, namespace: str | None = None) -> SpeakerSummary:
        """What the server's memory knows of a speaker.

        Raises:
            NotFoundError: It does not know the speaker, or has no memory.
        """
        row = self._transport.ask("GET", _speaker_path(name, namespace))
        return SpeakerSummary(**{field: row[field] for field in SpeakerSummary.__dataclass_fields__})

    def forget(self, name: str, namespace: str | None = None) -> int:
        """Remove a speaker from the server's memory; how many utterances were removed.

        Raises:
            NotFoundError: The server has no memory.
        """
        return int(self._transport.ask("DELETE", _speaker_path(name, namespace))["removed"])

    def health(self) -> bool:
        """Whether the server takes requests.

        Raises:
            OverloadedError: It is stopping.
            UnreachableError: Nobody answers.
        """
        return bool(self._transport.ask("GET", "/health")["status"] == "ok")


def _question(conversation: Conversation) -> dict[str, Any]:
    utterances = []
    for said in conversation.utterances:
        row: dict[str, Any] = {"id": said.id, "speaker": said.speaker, "text": said.text}
        if said.start is not None:
            row["time"] = said.start
        utterances.append(row)
    return {"id": conversation.id, "utterances": utterances}


def _prediction(row: dict[str, Any], told: dict[str, bool]) -> Prediction:
    return Prediction(row["id"], row["label"], dict(row["scores"]), reason=row["reason"], **told)


def _speaker_path(name: str, namespace: str | None) -> str:
    return f"/v1/speakers/{quote(name, safe='')}" + (f"?namespace={quote(namespace, safe='')}" if namespace else "")
