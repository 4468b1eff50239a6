"""Read conversations from content in memory: what a user pasted or dropped."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePath

from erckit.errors import FormatError
from erckit.labels import LabelSet
from erckit.readers.clean_text import well_formed
from erckit.readers.finish_report import finish_report
from erckit.readers.folder_tree import DEFAULT_LIMITS, ReadLimits
from erckit.readers.parse_input import ReadOptions, parse_content, parse_tree
from erckit.readers.report import ReadReport
from erckit.readers.zip_tree import ZipTree, is_zip


def read_bytes(
    name: str,
    content: bytes,
    format: str | None = None,
    columns: Mapping[str, str] | None = None,
    label_set: LabelSet | None = None,
    encoding: str | None = None,
    gap_hours: float | None = None,
    date_order: str | None = None,
    limits: ReadLimits = DEFAULT_LIMITS,
) -> ReadReport:
    """Conversations of ``content``: the same as :func:`read_conversations`, with no file on disk.

    Args:
        name: The file's name, for its extension, for ids and messages; nothing is opened under it. An empty
            name is ``pasted``.
        content: The file.
        format: Name of its format, or None to recognise it.
        columns: For tables, which column holds what.
        label_set: Gold labels must be of this set; None takes any.
        encoding: Encoding of the content; None is UTF-8, or UTF-16 with a byte order mark.
        gap_hours: Split conversations at silences longer than this.
        date_order: ``dmy``, ``mdy`` or ``ymd`` for WhatsApp chats.
        limits: How large the content, or what is packed in it, may be.

    Raises:
        FormatError: The content cannot be read, or none of its conversations can.
        SettingError: No such format, column key or date order.
    """
    # Only the last part: a name that comes over the network says nothing about folders here.
    path = Path(PurePath(well_formed(name).replace("\\", "/")).name.replace("\0", "") or "pasted")
    options = ReadOptions(format, dict(columns or {}), label_set, encoding, gap_hours, date_order, limits)
    if len(content) > limits.file_bytes:
        raise FormatError(path, f"has more than {limits.file_bytes:,} bytes", "Send it in smaller parts.")
    if is_zip(content[:4]):
        with ZipTree(path, content, limits) as tree:
            found, parsed = parse_tree(path, tree, options)
    else:
        found, parsed = parse_content(path, content, options)
    return finish_report(path, found, parsed, gap_hours)
