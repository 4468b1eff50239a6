"""Cells that a spreadsheet would take for a formula: an apostrophe is put before them, and taken away again."""

from __future__ import annotations

import re

# What a spreadsheet takes for a formula, and what reads like one that has been guarded already. Blanks before the sign
# do not matter to it, and the full-width signs of East Asian text are as good.
_FORMULA = re.compile("'*(?:[\\x00-\\x20\\s]*[=+\\-@\uff1d\uff0b\uff0d\uff20]|[\\t\\r\\n])")


def guarded(cell: str) -> str:
    """A cell with an apostrophe before it where it would be a formula."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """A cell without the apostrophe that :func:`guarded` put before it."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
