"""From content to what a reader found in it, for one file and for a folder or archive of files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from erckit.errors import FormatError, SettingError, nearest
from erckit.labels import LabelSet
from erckit.readers.detect.decode_file import decode_bytes
from erckit.readers.detect.detect_format import Detected, binary_format, detect_format
from erckit.readers.detect.detect_tree import detect_tree
from erckit.readers.folder_tree import DEFAULT_LIMITS, Allowance, ReadLimits
from erckit.readers.formats.whatsapp.whatsapp_dates import DATE_ORDERS
from erckit.readers.reader_table import READERS, content_of, reader, reader_table
from erckit.readers.source import FileTree, Parsed, Source


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to read; see :func:`read_conversations`.

    Raises:
        SettingError: No such format or date order, or a gap that is no positive number.
    """

    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    label_set: LabelSet | None = None
    encoding: str | None = None
    gap_hours: float | None = None
    date_order: str | None = None
    limits: ReadLimits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        if self.format is not None and self.format not in READERS and self.format not in reader_table():
            raise SettingError(f"unknown format '{self.format}'. {nearest(self.format, reader_table())}")
        if self.date_order is not None and self.date_order not in DATE_ORDERS:
            raise SettingError(f"unknown date order '{self.date_order}'. {nearest(self.date_order, DATE_ORDERS)}")
        if self.gap_hours is not None and not (math.isfinite(self.gap_hours) and self.gap_hours > 0):
            raise SettingError(f"a gap of {self.gap_hours} hours. Give a number above 0, such as 6.")


def parse_content(path: Path, data: bytes, options: ReadOptions, on_disk: bool = False) -> tuple[str, Parsed]:
    """Name of the format of one file, and what its reader found.

    Args:
        path: Its name.
        data: Its content.
        options: How to read it.
        on_disk: Whether it can be opened under its name.
    """
    name = options.format or binary_format(path, data[:4])
    if name is not None and content_of(name) == "bytes":
        content = None if on_disk else data
        source = Source(path, "", options.columns, options.label_set, data=content, limits=options.limits)
        return name, reader(name).read(source)
    text = decode_bytes(path, Allowance(path, options.limits).take(path.name, data), options.encoding)
    found = Detected(name) if name is not None else detect_format(path, text)
    source = Source(path, text, options.columns, options.label_set, found.value, date_order=options.date_order)
    return found.format, reader(found.format).read(source)


def parse_tree(path: Path, tree: FileTree, options: ReadOptions) -> tuple[str, Parsed]:
    """Name of the format of a folder or archive, and what was found in its files."""
    name, members = detect_tree(path, tree, options.format)
    if name != "file" and content_of(name) == "folder":
        source = Source(path, "", options.columns, options.label_set, tree=tree, date_order=options.date_order)
        return name, reader(name).read(source)
    parsed = Parsed()
    names: list[str] = []
    for member in members:
        found, part = parse_content(path / member, tree.read(member), options)
        names.append(found)
        parsed.add(part)
    if not names:
        raise FormatError(path, "holds no file to read", "Name a file in it.")
    return names[0], parsed
