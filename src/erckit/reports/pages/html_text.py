"""Untrusted text made safe for a page."""

from __future__ import annotations

import html
import re

# Control characters are not allowed in HTML, lone surrogates not in UTF-8; bidirectional overrides could make a
# transcript read as something else than was said, isolates and marks stay.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e]")


def html_text(text: object, limit: int | None = None) -> str:
    """Text that stands for itself in an element or a quoted attribute.

    Args:
        text: Anything; its ``str`` is shown.
        limit: Cut to so many characters, with an ellipsis; None keeps all.
    """
    shown = str(text)
    if limit is not None and len(shown) > limit:
        shown = shown[: limit - 1].rstrip() + "…"
    return html.escape(_ILLEGAL.sub("\ufffd", shown), quote=True)
