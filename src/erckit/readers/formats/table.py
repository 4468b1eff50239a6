"""Tables: one utterance per row, comma, tab, semicolon or bar between the cells."""

from __future__ import annotations

import csv
import io
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from erckit.errors import FormatError, SettingError, nearest
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.detect.column_names import MOST_COLUMNS, ROLES, recognise_columns, split_header
from erckit.readers.report import Skipped
from erckit.readers.source import BadConversationError, Parsed, Source
from erckit.storage.guarded_cells import unguarded

# Columns that writers/table.py adds: they describe a model's answer, not the conversation.
_PREDICTION_COLUMNS = frozenset({"predicted", "confidence", "calibrated", "reason", "causal"})
_SCORE_PREFIX = "score_"
_FIELD_LIMIT = threading.Lock()


@dataclass(slots=True)
class _Rows:
    """Rows of one conversation, and why it must be skipped, if it must."""

    line: int
    raw: list[str] = field(default_factory=list)
    utterances: list[RawUtterance] = field(default_factory=list)
    problem: str | None = None


class TableReader:
    """Reads CSV and TSV with a header.

    Columns are recognised by their usual names (ConvoKit's, MELD's, ...) or named by the user. Rows of a
    conversation belong together by the conversation column, in file order; without one, the file is one
    conversation. Columns erckit has no name for go to ``extra``. A bad row skips its conversation.
    """

    def read(self, source: Source) -> Parsed:
        """All conversations of ``source``; see :class:`Reader`."""
        return read_rows(source, *table_rows(source))


def read_rows(source: Source, header: list[str], rows: list[tuple[int, list[Any]]]) -> Parsed:
    """Conversations of the rows of a table.

    Args:
        source: Where they come from; ``text`` is not looked at.
        header: Names of the columns.
        rows: The line (or row number) and the cells of each row.
    """
    if len(header) > MOST_COLUMNS:
        fix = f"A table has at most {MOST_COLUMNS:,}: one row per utterance."
        raise FormatError(source.path, f"has {len(header):,} columns", fix, 1)
    parsed = Parsed()
    roles = _assign(source.path, header, source.columns)
    if "speaker" not in roles:
        parsed.notes[
            f"no speaker column among {_listed(header)}; name it with --columns speaker=NAME if there is one."
        ] += 1
    groups = _group(source.path, header, roles, rows)
    for identifier, group in groups.items():
        try:
            if group.problem:
                raise BadConversationError(group.problem)
            conversation = build_conversation(identifier, group.utterances, {}, source.label_set, parsed.notes)
        except BadConversationError as error:
            raw = "\n".join(group.raw)
            parsed.skipped.append(Skipped(str(source.path), group.line, identifier, str(error), raw))
        else:
            parsed.conversations.append(conversation)
    return parsed


def table_rows(source: Source) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header and rows with the line each begins on; blank rows are left out."""
    text = source.text.replace("\0", "").lstrip("\n")
    skipped_lines = source.text.replace("\0", "").count("\n") - text.count("\n")
    preferred = "\t" if source.path.suffix.lower() == ".tsv" else ","
    delimiter, _ = split_header(text.split("\n", 1)[0], list(source.columns.values()), preferred)
    try:
        records = list(_parse(text, delimiter, csv.QUOTE_MINIMAL))
    except csv.Error as error:
        if delimiter != "\t":
            line = skipped_lines + getattr(error, "line_number", 1)
            raise FormatError(
                source.path,
                f"has a cell whose quotation marks do not match ({error})",
                'Put a cell with a quotation mark between quotation marks and write the mark twice: "say ""hi""".',
                line,
            ) from None
        # Tab-separated files mostly know no quoting at all.
        records = list(_parse(text, delimiter, csv.QUOTE_NONE))
    records = [(line + skipped_lines, cells) for line, cells in records if any(cell.strip() for cell in cells)]
    first = records[0][1] if records else []
    header = [name.strip() or f"column_{place}" for place, name in enumerate(first, start=1)]
    return header, records[1:]


def _parse(text: str, delimiter: str, quoting: Literal[0, 3]) -> Iterator[tuple[int, list[str]]]:
    with _no_field_limit():
        # strict: a quotation mark that is never closed would otherwise swallow the rest of the file unseen.
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True)
        line = 1
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                error.line_number = line  # type: ignore[attr-defined]
                raise
            yield line, cells
            line = reader.line_num + 1


@contextmanager
def _no_field_limit() -> Iterator[None]:
    """The csv module refuses cells over 128 KiB unless told otherwise, for the whole process and all its threads."""
    with _FIELD_LIMIT:
        limit = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
        try:
            yield
        finally:
            csv.field_size_limit(limit)


def _assign(path: Path, header: list[str], columns: Mapping[str, str]) -> dict[str, str]:
    """Which column holds what: as the user says, else as recognised."""
    for role in columns:
        if role not in ROLES:
            raise SettingError(f"unknown column key '{role}'. {nearest(role, ROLES)}")
    for role, column in columns.items():
        if column not in header:
            fix = f"Use --columns {role}=NAME with one of these names."
            raise FormatError(path, f"has no column '{column}' (it has {_listed(header)})", fix, 1)
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise FormatError(path, f"has the column '{repeated[0]}' twice", "Give each column its own name.", 1)
    named = set(columns.values())
    recognised = recognise_columns([name for name in header if name not in named])
    roles = {role: column for role, column in recognised.items() if role not in columns} | dict(columns)
    if "text" not in roles:
        raise FormatError(
            path,
            f"has no column that is known to hold the text (it has {_listed(header)})",
            "Name it with --columns text=NAME, and likewise speaker=, conversation=.",
            1,
        )
    return roles


def _group(
    path: Path, header: list[str], roles: Mapping[str, str], rows: list[tuple[int, list[Any]]]
) -> dict[str, _Rows]:
    taken = set(roles.values())
    is_ours = "predicted" in header and any(name.startswith(_SCORE_PREFIX) for name in header)
    if is_ours:
        taken |= {name for name in header if name in _PREDICTION_COLUMNS or name.startswith(_SCORE_PREFIX)}
    others = [name for name in header if name not in taken]
    groups: dict[str, _Rows] = {}
    for line, cells in rows:
        record, raw = dict(zip(header, cells, strict=False)), _as_csv(cells)
        if is_ours and "'" in raw:
            record = {name: unguarded(cell) if isinstance(cell, str) else cell for name, cell in record.items()}
        named = record.get(roles.get("conversation", ""))
        identifier = ("" if named is None else str(named).strip()) or path.stem
        group = groups.setdefault(identifier, _Rows(line))
        group.raw.append(raw)
        extra_cells = [cell for cell in cells[len(header) :] if cell.strip()]
        if extra_cells:
            group.problem = group.problem or (
                f"line {line} has {len(cells)} cells and the header {len(header)}; "
                "put a text that has the separator in it between quotation marks"
            )
        elif roles["text"] not in record:
            group.problem = group.problem or f"line {line} ends before the text column '{roles['text']}'"
        fields = {role: record.get(column) for role, column in roles.items() if role != "conversation"}
        extra = {name: record[name] for name in others if record.get(name)}
        group.utterances.append(RawUtterance(**{"text": None, **fields}, extra=extra))
    return groups


def _as_csv(cells: list[Any]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def _listed(header: list[str]) -> str:
    names = ", ".join(f"'{name[:40]}'" for name in header[:20])
    return names + (", ..." if len(header) > 20 else "") if names else "none"
