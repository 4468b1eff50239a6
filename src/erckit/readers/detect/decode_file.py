"""The text of a file, whatever reasonable encoding it has."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from erckit.errors import FormatError
from erckit.readers.folder_tree import DEFAULT_LIMITS, read_bounded
from erckit.readers.reader_table import known_formats

# UTF-32 first: its little-endian mark begins with the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SOMETHING = re.compile(r"[^\s\0\ufeff]")
_BINARY = ((b"PK\x03\x04", "a zip archive"), (b"%PDF", "a PDF document"), (b"\x1f\x8b", "a gzip archive"))


def decode_file(path: Path | str, encoding: str | None = None) -> str:
    r"""Text of the file ``path`` with ``\n`` line ends; see :func:`decode_bytes`.

    Raises:
        FormatError: The file is not there, cannot be read, is empty, or does not have that encoding.
    """
    return decode_bytes(path, read_bounded(Path(path), DEFAULT_LIMITS.file_bytes), encoding)


def decode_bytes(path: Path | str, data: bytes, encoding: str | None = None) -> str:
    r"""Text of ``data`` with ``\n`` line ends.

    Args:
        path: Where it comes from, for messages.
        data: Content of a file of text.
        encoding: Name of its encoding; None reads UTF-8, and UTF-16 or UTF-32 with a byte order mark.

    Raises:
        FormatError: It is empty, or does not have that encoding; the message names line and byte.
    """
    for magic, kind in _BINARY:
        if data.startswith(magic):
            raise FormatError(path, f"is {kind}, not text", "Extract or export the conversation as text, JSONL or CSV.")
    name = encoding or next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(name)
    except LookupError:
        raise FormatError(
            path, f"cannot be read as '{name}', which is no known text encoding", "Use a name such as utf-8 or cp1252."
        ) from None
    except UnicodeError as error:
        if encoding is None and b"\0" in data[:1024] and name == "utf-8":
            raise FormatError(path, "is no text, nor another file erckit knows", f"Known: {known_formats()}.") from None
        raise _encoding_error(path, data, name, error) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if _SOMETHING.search(text) is None:
        raise FormatError(path, "is empty", "Give a file with at least one utterance.")
    return text


def _encoding_error(path: Path | str, data: bytes, name: str, error: UnicodeError) -> FormatError:
    fix = f"Convert it (iconv -f WINDOWS-1252 -t UTF-8 {path}) or name its encoding with --encoding."
    if not isinstance(error, UnicodeDecodeError):
        return FormatError(path, f"is not {name} ({error})", fix)
    line = data.count(b"\n", 0, error.start) + 1
    if error.start >= len(data):
        return FormatError(path, f"ends in the middle of a {name} character", fix, line)
    problem = f"byte 0x{data[error.start]:02x} at offset {error.start} is not {name}"
    return FormatError(path, problem, fix, line)
