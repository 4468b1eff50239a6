"""The text of a file of a corpus, or the JSON value in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from erckit.errors import CorpusError, FormatError
from erckit.readers.detect.decode_file import decode_file


def corpus_text(path: Path) -> str:
    r"""Text of a published file with ``\n`` line ends.

    Raises:
        CorpusError: It is not there, cannot be read, or is empty.
    """
    try:
        return decode_file(path)
    except FormatError as error:
        raise CorpusError(str(error)) from None


def corpus_json(path: Path) -> Any:
    """The value that a published JSON file holds.

    Raises:
        CorpusError: It cannot be read, or is no JSON.
    """
    try:
        return json.loads(corpus_text(path))
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: is not JSON ({error}). Get the file again.") from None
