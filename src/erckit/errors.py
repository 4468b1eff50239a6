"""Errors that erckit raises on purpose. Every message says what is wrong, where, and what to do next."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ErckitError(Exception):
    """Root of all erckit errors; the command line prints it as one line, without a stack trace."""


class FormatError(ErckitError):
    """An input file that cannot be read as conversations.

    Args:
        path: The file, as the user named it.
        problem: What is wrong, with the offending value.
        fix: What the user can do about it.
        line: 1-based line number, where one is known.
    """

    def __init__(self, path: object, problem: str, fix: str, line: int | None = None) -> None:
        self.path, self.problem, self.fix, self.line = str(path), problem, fix, line
        where = f"{path}:{line}" if line is not None else str(path)
        # Names of files and cells are other people's: an escape code among them must not drive a terminal.
        message = f"{where}: {problem}. {fix}"
        super().__init__("".join(character if character.isprintable() else "?" for character in message))


class LabelSetError(ErckitError):
    """A label that the label set lacks, or a label set that contradicts itself."""


class SettingError(ErckitError):
    """A recipe key, option or value that does not exist or does not fit."""


class CorpusError(ErckitError):
    """A corpus that is not there, is incomplete, or does not match its published counts."""


class DownloadError(ErckitError):
    """A file that could not be fetched or whose checksum is not the pinned one."""


class BackboneError(ErckitError):
    """A backbone that cannot be found, fetched or encoded with."""


class ModelFolderError(ErckitError):
    """A model folder that is incomplete, altered or from an unknown version."""


class CheckpointError(ErckitError):
    """A training folder that cannot be resumed."""


class ResultError(ErckitError):
    """A result file that is broken or of an unknown schema version."""


class SpeakerMemoryError(ErckitError):
    """A speaker memory that cannot be read or written, or something that it cannot keep."""


class AnnotationError(ErckitError):
    """Biographies or characteristics that cannot be had: from a model that does not answer, a file that lacks them."""


def nearest(name: str, known: Iterable[str]) -> str:
    """Phrase that helps a user who mistyped ``name``: the nearest known name, else all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{close[0]}'?"
    return f"Known: {', '.join(names)}." if names else "None is known."
