"""A text with its label: a demonstration, or what a speaker said and felt before."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LabelledText:
    """What was said, and with which emotion.

    Args:
        text: The utterance's text, without its speaker.
        label: A label of the label set, or None where it is not known; the text is then shown alone.
        place: Which utterance of the shown conversation it is, from 0 on; None where it was said in another one.
    """

    text: str
    label: str | None = None
    place: int | None = None
