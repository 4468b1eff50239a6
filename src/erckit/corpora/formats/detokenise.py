"""Text that a tokeniser has pulled apart, put together as people write it."""

from __future__ import annotations

import re

from erckit.readers.clean_text import clean_text

_HYPHEN = re.compile(r"(\w) - (\w)")
# I 'm -> I'm; well , -> well,; ( so -> (so
_JOINED = (
    (re.compile(r" ('(?:s|t|m|re|ll|ve|d)\b)", re.IGNORECASE), r"\1"),
    (re.compile(r" ([.,!?;:%)\]])"), r"\1"),
    (re.compile(r"([(\[]) "), r"\1"),
)


def detokenise(text: str) -> str:
    """``text`` without the spaces before endings and punctuation, inside brackets and around hyphens of words.

    Runs of white space become one space. Quotation marks stay as they are: which of them open is not known.
    """
    # A dash with more space on one side than on the other is no hyphen: that is seen before spaces are made one.
    joined = " ".join(_HYPHEN.sub(r"\1-\2", clean_text(text)).split())
    for pattern, replacement in _JOINED:
        joined = pattern.sub(replacement, joined)
    return joined
