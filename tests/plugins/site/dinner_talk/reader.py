"""Minutes of a dinner: ``Ana> pass the salt``, a blank line between dinners."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import ClassVar

from erckit.conversation import Conversation, Utterance
from erckit.readers.source import Parsed, Source


class DinnerReader:
    """Reads text."""

    def read(self, source: Source) -> Parsed:
        return Parsed(conversations=dinners(source.text))


class PackedDinnerReader:
    """Reads the same, compressed."""

    content: ClassVar[str] = "bytes"

    def read(self, source: Source) -> Parsed:
        packed = source.path.read_bytes() if source.data is None else source.data
        return Parsed(conversations=dinners(zlib.decompress(packed).decode()))


def dinners(text: str) -> list[Conversation]:
    """Conversations of the minutes; ``Ana [Glad]> hi`` has a gold label."""
    found = []
    for number, dinner in enumerate(text.strip().split("\n\n")):
        said = []
        for line, row in enumerate(dinner.splitlines()):
            name, _, words = row.partition("> ")
            speaker, _, label = name.removesuffix("]").partition(" [")
            said.append(Utterance(f"u{line}", speaker, words, label=label or None))
        found.append(Conversation(f"dinner-{number}", tuple(said)))
    return found


def read_split(path: Path) -> tuple[Conversation, ...]:
    """One split of the corpus; ids tell the split."""
    return tuple(
        Conversation(f"{path.stem}-{one.id}", one.utterances) for one in dinners(path.read_text(encoding="utf-8"))
    )
