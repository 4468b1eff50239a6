"""The text of a file, whatever reasonable encoding it has."""

from __future__ import annotations

import codecs
from pathlib import Path

from erckit.errors import FormatError

# UTF-32 first: its little-endian mark begins with the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = ((b"PK\x03\x04", "a zip archive"), (b"%PDF", "a PDF document"), (b"\x1f\x8b", "a gzip archive"))


def decode_file(path: Path | str, encoding: str | None = None) -> str:
    r"""Text of ``path`` with ``\n`` line ends.

    Args:
        path: A file of text.
        encoding: Name of its encoding; None reads UTF-8, and UTF-16 or UTF-32 with a byte order mark.

    Raises:
        FormatError: The file is not there, cannot be read, is empty, or does not have that encoding; the
            message names line and byte.
    """
    data = _read(Path(path))
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
        raise _encoding_error(path, data, name, error) from None
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip().strip("\0"):
        raise FormatError(path, "is empty", "Give a file with at least one utterance.")
    return text


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FormatError(path, "there is no such file", "Check the spelling of the path.") from None
    except IsADirectoryError:
        raise FormatError(path, "is a folder, not a file", "Name the files in it.") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise FormatError(path, f"cannot be read ({reason})", "Check the path and its permissions.") from None


def _encoding_error(path: Path | str, data: bytes, name: str, error: UnicodeError) -> FormatError:
    fix = f"Convert it (iconv -f WINDOWS-1252 -t UTF-8 {path}) or name its encoding with --encoding."
    if not isinstance(error, UnicodeDecodeError):
        return FormatError(path, f"is not {name} ({error})", fix)
    line = data.count(b"\n", 0, error.start) + 1
    if error.start >= len(data):
        return FormatError(path, f"ends in the middle of a {name} character", fix, line)
    problem = f"byte 0x{data[error.start]:02x} at offset {error.start} is not {name}"
    return FormatError(path, problem, fix, line)
