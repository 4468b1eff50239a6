"""Read one file, folder or archive of conversations, whatever its format."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from erckit.labels import LabelSet
from erckit.readers.finish_report import finish_report
from erckit.readers.folder_tree import DEFAULT_LIMITS, FolderTree, ReadLimits, read_bounded
from erckit.readers.parse_input import ReadOptions, parse_content, parse_tree
from erckit.readers.reader_table import READERS
from erckit.readers.report import ReadReport
from erckit.readers.zip_tree import ZipTree, is_zip
from erckit.storage.atomic import write_text

__all__ = ["READERS", "read_conversations"]


def read_conversations(
    path: Path | str,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    label_set: LabelSet | None = None,
    skipped: Path | str | None = None,
    encoding: str | None = None,
    gap_hours: float | None = None,
    date_order: str | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
) -> ReadReport:
    """Conversations of a file; a bad conversation is skipped and reported, a bad file is an error.

    Args:
        path: The file; for chat exports also a folder or a zip archive.
        format: A name of :data:`READERS`, or None to recognise it by content, and by extension for tables.
        columns: For tables, which column holds what: keys ``conversation``, ``id``, ``speaker``,
            ``text``, ``label``, ``start``, ``end``; columns left out are recognised by their usual names.
        label_set: Gold labels must be of this set; None takes any.
        skipped: Side file for what was skipped (JSONL: line, conversation, reason, raw), or a folder, in
            which it is called ``<stem>.skipped.jsonl``. None writes none. Not written if nothing was skipped.
        encoding: Encoding of the file; None is UTF-8, or UTF-16 with a byte order mark.
        gap_hours: Split a conversation where nobody says anything for this many hours; None never splits.
        date_order: ``dmy``, ``mdy`` or ``ymd`` for WhatsApp chats; None finds it out from the whole file.
        limits: How large a file or archive may be.

    Raises:
        FormatError: The file cannot be read, or none of its conversations can.
        SettingError: No such format, column key or date order; a gap that is no positive number of hours.
    """
    path = Path(path)
    options = ReadOptions(format, dict(columns or {}), label_set, encoding, gap_hours, date_order, limits)
    if path.is_dir():
        name, parsed = parse_tree(path, FolderTree(path, limits), options)
    elif _is_zip(path):
        with ZipTree(path, None, limits) as tree:
            name, parsed = parse_tree(path, tree, options)
    else:
        name, parsed = parse_content(path, read_bounded(path, limits.file_bytes), options, on_disk=True)
    return _with_side_file(finish_report(path, name, parsed, gap_hours), path, skipped)


def _with_side_file(report: ReadReport, path: Path, target: Path | str | None) -> ReadReport:
    if not report.skipped or target is None:
        return report
    target = Path(target)
    if target.is_dir():
        target = target / f"{path.stem}.skipped.jsonl"
    out = io.StringIO()
    for item in report.skipped:
        row = {"line": item.line, "conversation": item.conversation_id, "reason": item.reason, "raw": item.raw}
        out.write(json.dumps(row) + "\n")  # ASCII, so that even a lone surrogate in the raw line can be written
    write_text(target, out.getvalue())
    return replace(report, skipped_path=target)


def _is_zip(path: Path) -> bool:
    """Whether a file on disk is a zip archive, which is opened in place: chats come with gigabytes of photos."""
    try:
        if not path.is_file():
            return False
        with open(path, "rb") as file:
            return is_zip(file.read(4))
    except (OSError, ValueError):
        return False
