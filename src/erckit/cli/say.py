"""Remarks beside the result, on standard error."""

from __future__ import annotations

import sys


def say(line: str, quiet: bool = False) -> None:
    """Print a remark to standard error unless the user asked for quiet; results alone go to standard output."""
    if not quiet:
        print(one_line(line), file=sys.stderr, flush=True)


def one_line(text: str) -> str:
    """``text`` on one line; whatever a file name or a chat line brings along, it cannot drive the terminal."""
    return "".join(character if character.isprintable() else "?" for character in " ".join(text.split()))
