"""A published csv file of MELD."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from erckit.conversation import Conversation
from erckit.errors import CorpusError, FormatError, nearest
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.detect.decode_file import decode_file
from erckit.readers.source import BadConversationError

_COLUMNS = (
    "Sr No.", "Utterance", "Speaker", "Emotion", "Sentiment", "Dialogue_ID", "Utterance_ID", "Season", "Episode",
    "StartTime", "EndTime",
)  # fmt: skip


def read_meld_csv(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Conversations of a ``*_sent_emo.csv``, in file order, with the emotion as label and ids like ``dev_dia0``.

    Raises:
        CorpusError: A column is missing, or a row does not fit; the message names file and line.
    """
    try:
        table = csv.DictReader(io.StringIO(decode_file(path), newline=""))
        _check_columns(path, table.fieldnames or ())
        split = path.name.split("_")[0]
        rows: dict[int, list[RawUtterance]] = {}
        places: dict[int, tuple[int, int, int]] = {}  # season, episode, line
        line = 1
        for row in table:
            first, line = line + 1, table.line_num  # a quoted cell may run over several lines
            number, season, episode = (
                _number(path, first, row, column) for column in ("Dialogue_ID", "Season", "Episode")
            )
            rows.setdefault(number, []).append(_utterance(path, first, row, f"{split}_dia{number}", label_set))
            if places.setdefault(number, (season, episode, first))[:2] != (season, episode):
                raise CorpusError(
                    f"{path}:{first}: dialogue {number} is of season {season}, episode {episode} here, and of season "
                    f"{places[number][0]}, episode {places[number][1]} on line {places[number][2]}. Get the file again."
                )
        conversations = []
        for number, utterances in rows.items():
            season, episode, first = places[number]
            meta = {"season": season, "episode": episode, "dialogue_id": number, "show": "Friends"}
            identifier = f"{split}_dia{number}"
            conversations.append(build_conversation(identifier, utterances, meta, label_set, Counter()))
    except FormatError as error:
        raise CorpusError(str(error)) from None
    except csv.Error as error:
        raise CorpusError(f"{path}:{line + 1}: is not csv ({error}). Get the file again.") from None
    except BadConversationError as error:
        raise CorpusError(f"{path}:{first}: dialogue {number}: {error}.") from None
    return tuple(conversations)


def _check_columns(path: Path, found: object) -> None:
    columns = list(found) if isinstance(found, (list, tuple)) else []
    missing = [column for column in _COLUMNS if column not in columns]
    if missing:
        raise CorpusError(
            f"{path}:1: the column '{missing[0]}' is missing (found: {', '.join(map(str, columns)) or 'none'}). "
            "This is not a published file of MELD; get it again, or read any csv by its path."
        )


def _number(path: Path, line: int, row: Mapping[str, str | None], column: str) -> int:
    value = row[column]
    try:
        return int(value or "")
    except ValueError:
        raise CorpusError(
            f"{path}:{line}: '{value or ''}' in the column '{column}' is not a whole number. Mend it, or get the file "
            "again."
        ) from None


def _utterance(
    path: Path, line: int, row: Mapping[str, str | None], conversation: str, label_set: LabelSet
) -> RawUtterance:
    for column in ("Utterance", "Speaker", "Emotion", "Sentiment"):
        value = row[column]
        if value is None or not value.strip() or value.strip().casefold() == "nan":
            raise CorpusError(
                f"{path}:{line}: the column '{column}' holds {'nothing' if not (value or '').strip() else value}. "
                "Fill it in, or get the file again."
            )
    label = (row["Emotion"] or "").strip().lower()
    if label not in label_set:
        hint = nearest(label[:40], label_set.labels)
        raise CorpusError(f"{path}:{line}: there is no emotion '{label[:40]}'. {hint} Mend it, or get the file again.")
    return RawUtterance(
        text=row["Utterance"],
        speaker=row["Speaker"],
        id=f"{conversation}_utt{_number(path, line, row, 'Utterance_ID')}",
        label=label,
        start=row["StartTime"],
        end=row["EndTime"],
        extra={
            "sentiment": (row["Sentiment"] or "").strip().lower(),
            "sr_no": _number(path, line, row, "Sr No."),
        },
    )
