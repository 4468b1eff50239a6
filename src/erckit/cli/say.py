"""Remarks beside the result, on standard error."""

from __future__ import annotations

import sys


def say(line: str, quiet: bool = False) -> None:
    """Print a remark to standard error unless the user asked for quiet; results alone go to standard output."""
    if not quiet:
        print(line, file=sys.stderr, flush=True)
