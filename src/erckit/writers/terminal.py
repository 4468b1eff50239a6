"""Labelled conversations as a table on the terminal."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from erckit.conversation import LabelledConversation, Prediction
from erckit.writers.display_width import cut_to_width, display_width, pad_to_width

_SPEAKER_COLUMNS = 20
_MIN_TEXT_COLUMNS = 16
_GAP = "  "
_ABSTAINED = "-"
_COLOURS = (32, 31, 36, 35, 33, 34, 92, 91, 96, 95, 93, 94)


def format_table(labelled: Sequence[LabelledConversation], width: int = 80, colour: bool = False) -> str:
    """Table of speaker, text, label and confidence, one utterance per line, a heading per conversation.

    Args:
        labelled: What to show.
        width: Columns of the terminal; texts are cut to fit (by display width, so emoji do not break it).
        colour: Colour the labels with ANSI codes; leave False where output is no terminal.

    Returns:
        Lines without a final line end; empty for no conversations.
    """
    return "\n\n".join(_conversation(item, width, colour) for item in labelled)


def _conversation(item: LabelledConversation, width: int, colour: bool) -> str:
    utterances = item.conversation.utterances
    labels = [_visible(prediction.label or _ABSTAINED) for prediction in item.predictions]
    speaker_width = min(_SPEAKER_COLUMNS, max(display_width(_visible(u.speaker)) for u in utterances))
    label_width = max(display_width(label) for label in labels)
    fixed = speaker_width + label_width + len(" 100 %") + 2 * len(_GAP)
    text_width = max(_MIN_TEXT_COLUMNS, width - fixed)
    longest = max(display_width(_visible(u.text)) for u in utterances)
    text_width = min(text_width, max(longest, 1))
    lines = [cut_to_width(_visible(item.conversation.id), width)]
    for utterance, prediction, label in zip(utterances, item.predictions, labels, strict=True):
        speaker = pad_to_width(cut_to_width(_visible(utterance.speaker), speaker_width), speaker_width)
        text = pad_to_width(cut_to_width(_visible(utterance.text), text_width), text_width)
        shown = pad_to_width(label, label_width)
        if colour:
            shown = f"\x1b[{_colour(label)}m{shown}\x1b[0m"
        lines.append(f"{speaker}{_GAP}{text}{_GAP}{shown} {_percent(prediction)}")
    return "\n".join(lines)


def _percent(prediction: Prediction) -> str:
    return f"{prediction.confidence * 100:3.0f} %"


def _visible(text: str) -> str:
    """``text`` without what could steer a terminal (escape codes, line ends, direction overrides)."""
    return "".join(c if c.isprintable() or c == "\u200d" else " " for c in text)


def _colour(label: str) -> int:
    if label in (_ABSTAINED, "neutral", "no emotion"):
        return 2
    return _COLOURS[zlib.crc32(label.encode()) % len(_COLOURS)]  # the same label, the same colour, everywhere
