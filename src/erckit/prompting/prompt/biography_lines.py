"""How a biography stands in a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from erckit.prompting.prompt.prompt_style import Shown
from erckit.prompting.prompt.quoted import plain_text

PLACES = ("question", "history")


def about_line(shown: Shown, biographies: Sequence[str], t: int, max_words: int) -> str:
    """``About Ana: ...`` on a line of its own, or nothing where utterance ``t`` has no biography.

    Args:
        shown: The conversation.
        biographies: Per utterance, of its speaker; may be empty.
        t: The utterance.
        max_words: Words of the biography that are kept.
    """
    text = plain_text(biographies[t], max_words) if biographies else ""
    return f"About {shown.names[t]}: {text}\n" if text else ""


def blocks_with_biographies(
    shown: Shown, blocks: Sequence[str], biographies: Sequence[str], max_words: int
) -> tuple[str, ...]:
    """Blocks in which a speaker's biography stands before the first utterance that it belongs to.

    Each version of a biography is written once, not once per question. A block still depends on nothing after it.
    """
    told: dict[str, str] = {}
    out = []
    for t, block in enumerate(blocks):
        line = about_line(shown, biographies, t, max_words)
        is_new = bool(line) and told.get(shown.names[t]) != line
        told[shown.names[t]] = line
        out.append(f"({line.rstrip()})\n{block}" if is_new else block)
    return tuple(out)
