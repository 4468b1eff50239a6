"""A corpus file in the uniform JSONL form."""

from __future__ import annotations

from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.formats.story import add_story
from erckit.errors import CorpusError, FormatError
from erckit.labels import LabelSet
from erckit.readers import read_conversations


def read_uniform(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Conversations of a uniform JSONL file, each with its place in the story where season and episode are known.

    Raises:
        CorpusError: The file cannot be read whole; a corpus with a hole is no corpus.
    """
    try:
        report = read_conversations(path, format="jsonl", label_set=label_set)
    except FormatError as error:
        raise CorpusError(str(error)) from None
    if report.skipped:
        first = report.skipped[0]
        raise CorpusError(f"{first.path}:{first.line}: {first.reason}. Get the corpus again; this file is damaged.")
    return add_story(report.conversations)
