"""A corpus file in the uniform JSONL form."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation, Utterance
from erckit.corpora.formats.story import add_story
from erckit.errors import CorpusError, FormatError
from erckit.labels import LabelSet
from erckit.readers import read_conversations


def read_uniform(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Conversations of a uniform JSONL file, each with its place in the story where season and episode are known.

    The labels of an utterance with several (``emotions``) are in ``extra["labels"]``, as mappings read them.

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
    return add_story(tuple(replace(c, utterances=tuple(map(_with_labels, c.utterances))) for c in report.conversations))


def _with_labels(utterance: Utterance) -> Utterance:
    if "emotions" not in utterance.extra:
        return utterance
    return replace(utterance, extra={"labels" if key == "emotions" else key: v for key, v in utterance.extra.items()})
