"""The topic of every conversation of DailyDialog, which is published apart from the splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from erckit.corpora.checks.normal_text import normal_text
from erckit.errors import CorpusError, FormatError
from erckit.readers.detect.decode_file import decode_file

TOPICS = (
    "ordinary life", "school life", "culture & education", "attitude & emotion", "relationship", "tourism", "health",
    "work", "politics", "finance",
)  # published numbers 1 to 10  # fmt: skip


def find_topics(path: Path, texts: Sequence[str]) -> list[str]:
    """The topic of each conversation of a split's zip file; empty where none is found.

    Beside the zip file may lie ``topics_<split>.txt`` (a topic's name per conversation, in the order of the split), or
    ``dialogues_text.txt`` and ``dialogues_topic.txt`` of the archive, which are joined by the text: conversations that
    occur several times get their most frequent topic.

    Args:
        path: The zip file.
        texts: Its conversations, a line each.

    Raises:
        CorpusError: The files do not fit the split.
    """
    named = path.with_name(f"topics_{path.stem}.txt")
    if named.is_file():
        lines = _lines(named)
        topics = [line.strip().lower() for line in lines]
        _check(named, len(topics), len(texts))
        for number, topic in enumerate(topics, start=1):
            if topic not in TOPICS:
                raise CorpusError(f"{named}:{number}: the topic '{topic[:40]}' is not one of {', '.join(TOPICS)}.")
        return topics
    everything, numbers = path.with_name("dialogues_text.txt"), path.with_name("dialogues_topic.txt")
    if not (everything.is_file() and numbers.is_file()):
        return []
    return _joined(path, everything, numbers, texts)


def _joined(path: Path, everything: Path, numbers: Path, texts: Sequence[str]) -> list[str]:
    published = _lines(everything)
    topics = _lines(numbers)
    _check(numbers, len(topics), len(published))
    votes: dict[str, Counter[str]] = {}
    for number, (text, topic) in enumerate(zip(published, topics, strict=True), start=1):
        if not topic.strip().isdecimal() or not 1 <= int(topic) <= len(TOPICS):
            raise CorpusError(
                f"{numbers}:{number}: the topic '{topic[:20]}' is not a number from 1 to {len(TOPICS)}. Get it again."
            )
        votes.setdefault(normal_text(text), Counter())[TOPICS[int(topic) - 1]] += 1
    found = []
    for number, text in enumerate(texts, start=1):
        vote = votes.get(normal_text(text))
        if vote is None:
            raise CorpusError(f"{everything}: lacks conversation {number} of {path.name}. Get all from one archive.")
        found.append(vote.most_common(1)[0][0])
    return found


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in decode_file(path).split("\n") if line.strip()]
    except FormatError as error:
        raise CorpusError(str(error)) from None


def _check(path: Path, found: int, wanted: int) -> None:
    if found != wanted:
        raise CorpusError(f"{path}: has {found:,} topics for {wanted:,} conversations. Get all files from one archive.")
