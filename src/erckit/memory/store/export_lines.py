"""Remembered utterances and biographies as JSON lines for people and other programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from erckit.memory.biography import Biography
from erckit.memory.remembered import Remembered

_SCORE_DIGITS = 6


def conversation_lines(rows: Iterable[Remembered], namespace: str, vectors: bool = False) -> Iterator[str]:
    """One conversation per line, in the uniform format that ``erckit label`` writes and reads.

    An utterance has ``start`` (its time) and, where a model scored it, ``predicted``, ``confidence`` and ``scores``;
    ``text`` is null where it is not kept. What several models saw of a conversation stands in a line each.

    Args:
        rows: In the order of time.
        namespace: Where they are from, for ``meta``.
        vectors: Write the memory vectors, too.

    Yields:
        Lines without their end, conversations in the order of their first utterance.
    """
    conversations: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        conversations.setdefault((row.conversation, row.model), []).append(_utterance(row, vectors))
    for (conversation, model), utterances in conversations.items():
        value = {"id": conversation, "utterances": utterances, "meta": {"namespace": namespace, "model": model}}
        yield json.dumps(value, ensure_ascii=False)


def biography_lines(biographies: Iterable[tuple[str, Biography]], namespace: str) -> Iterator[str]:
    """One biography per line, without its end.

    Args:
        biographies: Each with the store's hash of the speaker's name.
        namespace: Where they are from.
    """
    for speaker, biography in biographies:
        yield json.dumps({"speaker": speaker, "namespace": namespace, **biography.to_dict()})


def _utterance(row: Remembered, vectors: bool) -> dict[str, Any]:
    value: dict[str, Any] = {"id": row.utterance, "speaker": row.speaker, "text": row.text, "start": row.time}
    if row.label is not None:
        value["emotion"] = row.label
    if row.scores:
        top = row.top_label
        value["predicted"] = top
        value["confidence"] = round(row.scores[top or ""], _SCORE_DIGITS)
        value["scores"] = {label: round(score, _SCORE_DIGITS) for label, score in row.scores.items()}
    if vectors and row.vector is not None:
        value["vector"] = [float(f"{number:.7g}") for number in row.vector]
    return value
