"""The red-team file: utterances that were written to get a label of somebody's choice."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from red_team.disguised import disguised

_FILE = Path(__file__).with_name("hostile.jsonl")


@dataclass(frozen=True, slots=True)
class HostileUtterance:
    """One entry of the file.

    Args:
        id: Unique in the file.
        family: What kind of attack it is, such as ``control_tokens``.
        language: Language code of the instruction.
        text: What is said; ``{label}`` stands for the label that is wanted, ``{base64:...}`` and the like for a
            disguise.
        speaker: A hostile speaker name, or None where the name does not matter.
    """

    id: str
    family: str
    language: str
    text: str
    speaker: str | None = None

    def asking_for(self, label: str) -> tuple[str, str | None]:
        """Text and speaker name with the wanted label in its place.

        Args:
            label: As it stands in the label set; it is written in lower case, as prompts write labels.
        """
        word = label.lower()
        speaker = None if self.speaker is None else self.speaker.replace("{label}", word)
        return disguised(self.text.replace("{label}", word)), speaker


@cache
def hostile_utterances() -> tuple[HostileUtterance, ...]:
    """All entries, in the order of the file."""
    lines = _FILE.read_text(encoding="utf-8").split("\n")
    return tuple(HostileUtterance(**json.loads(line)) for line in lines if line)
