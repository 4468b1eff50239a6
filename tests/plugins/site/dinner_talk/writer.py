"""Labelled minutes: ``Ana [Glad]> pass the salt``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from erckit.conversation import LabelledConversation
from erckit.storage.atomic import write_text


def write_dinner(labelled: Sequence[LabelledConversation], path: Path) -> None:
    """Write one line per utterance."""
    dinners = [
        "\n".join(
            f"{said.speaker} [{prediction.label}]> {said.text}"
            for said, prediction in zip(one.conversation.utterances, one.predictions, strict=True)
        )
        for one in labelled
    ]
    write_text(path, "\n\n".join(dinners) + "\n")
