"""Transcribed recordings in JSON: WhisperX, faster-whisper, Whisper, pyannote's service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from erckit.errors import FormatError
from erckit.readers.build_conversation import RawUtterance, add_conversation
from erckit.readers.detect.detect_json import SEGMENT_KEYS
from erckit.readers.formats.chat_json import chat_json, table, tables, word
from erckit.readers.parse_seconds import parse_seconds
from erckit.readers.source import Parsed, Source


class WhisperReader:
    """Reads ``segments`` of start, end, text and speaker; a recording is one conversation, a segment an utterance.

    A segment without a speaker gets the one who says most of its words, if the words have speakers; else it is
    by 'Unknown'. A segment without text gets its words. Words that stand alone, without segments, are joined as
    long as their speaker goes on without a pause of a second.
    """

    def read(self, source: Source) -> Parsed:
        """The recording of ``source``; see :class:`Reader`."""
        parsed = Parsed()
        value = chat_json(source)
        key, segments = _segments(value)
        if key == "diarization":
            raise FormatError(
                source.path, "says who spoke when and not what", "Give the output of a transcription with speakers."
            )
        if key in ("word_segments", "wordLevelTranscription"):
            segments = _join_words(segments, parsed)
        rows = [row for segment in segments if (row := _row(segment, parsed)) is not None]
        language = word(table(value).get("language"))
        add_conversation(parsed, source, source.path.stem, rows, {"language": language} if language else {})
        return parsed


def _segments(value: Any) -> tuple[str, list[Any]]:
    """The key under which a file has its segments, and them."""
    if isinstance(value, list):
        has_text = any("text" in item or "words" in item for item in tables(value))
        return ("segments" if has_text else "diarization"), value
    for holder in (table(value), table(table(value).get("output"))):
        for key in SEGMENT_KEYS:
            if isinstance(holder.get(key), list) and (holder[key] or key == SEGMENT_KEYS[-1]):
                # Segments of pyannote's own output hold no words.
                is_text = key != "segments" or any("text" in s or "words" in s for s in tables(holder[key]))
                return (key if is_text else "diarization"), holder[key]
    return "segments", []


def _row(segment: Any, parsed: Parsed) -> RawUtterance | None:
    if not isinstance(segment, Mapping):
        parsed.left_out["entries that are no segments"] += 1
        return None
    words = list(tables(segment.get("words")))
    text = segment.get("text")
    if not isinstance(text, str):
        text = " ".join(filter(None, (_word_text(one) for one in words)))
    if not text.strip():
        parsed.left_out["segments without text"] += 1
        return None
    speaker = word(segment.get("speaker"))
    if not speaker:
        spoken = Counter(word(one.get("speaker")) for one in words)
        del spoken[""]
        if spoken:
            speaker = spoken.most_common(1)[0][0]
            parsed.notes["segments without a speaker, given to the one who says most of their words"] += 1
    return RawUtterance(
        text=text, speaker=speaker, id=segment.get("id"), start=segment.get("start"), end=segment.get("end")
    )


def _join_words(words: list[Any], parsed: Parsed) -> list[dict[str, Any]]:
    """Segments of words that follow each other by the same speaker."""
    segments: list[dict[str, Any]] = []
    for one in words:
        text = _word_text(table(one))
        if not text:
            parsed.left_out["words without text"] += 1
            continue
        speaker, start = word(one.get("speaker")), parse_seconds(one.get("start"))
        last = segments[-1] if segments else None
        pause = None if last is None or start is None else start - (parse_seconds(last["end"]) or start)
        if last is not None and last["speaker"] == speaker and (pause is None or pause <= 1.0):
            last["text"] += f" {text}"
            last["end"] = one.get("end", last["end"])
        else:
            segments.append({"speaker": speaker, "text": text, "start": one.get("start"), "end": one.get("end")})
    if segments:
        parsed.notes["words joined to utterances where their speaker goes on."] += 1
    return segments


def _word_text(one: Mapping[str, Any]) -> str:
    text = one.get("word", one.get("text"))
    return text.strip() if isinstance(text, str) else ""
