"""The layout in which EmoNet and CoMPM ship their corpora: ``speaker TAB text TAB label``, a blank line between."""

from __future__ import annotations

from pathlib import Path

from erckit.corpora.formats.corpus_text import corpus_text
from erckit.errors import CorpusError


def reexport_lines(path: Path) -> list[list[tuple[str, str, str]]]:
    """Speaker, text and label of every line, conversation by conversation.

    Raises:
        CorpusError: The file cannot be read, or a line has another shape.
    """
    conversations: list[list[tuple[str, str, str]]] = [[]]
    for number, line in enumerate(corpus_text(path).split("\n"), start=1):
        if not line.strip():
            conversations.append([])
            continue
        cells = line.split("\t")
        if len(cells) != 3:
            raise CorpusError(f"{path}:{number}: has {len(cells)} cells, not speaker, text and label. Get it again.")
        conversations[-1].append((cells[0], cells[1], cells[2].strip()))
    return [lines for lines in conversations if lines]
