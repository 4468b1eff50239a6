"""One colour and one two-letter code per label."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

# Hues after Okabe & Ito, darkened for white paper and lightened for a dark page, so that each stands out by at least
# 3:1 from its ground and neighbours differ in lightness too, which is what colour-blind readers see.
_HUES = {
    "gold": ("#c28500", "#ffb938"),
    "red": ("#a32a0a", "#e5593a"),
    "grey": ("#8a919b", "#747c89"),
    "green": ("#0c9a66", "#3fdcaa"),
    "sky": ("#2a86c4", "#9ad8ff"),
    "blue": ("#2338b5", "#6f80ff"),
    "pink": ("#c035a0", "#e272d2"),
    "olive": ("#757d00", "#e9ec6a"),
    "brown": ("#7a4a21", "#c99468"),
    "violet": ("#6a3fb5", "#b79bff"),
}
_KNOWN = {
    "gold": ("joy", "joyful", "happy", "happiness", "glad", "excited", "excitement"),
    "red": ("anger", "angry", "mad", "annoyed", "annoyance"),
    "grey": ("neutral", "other", "none", "no emotion", "no_emotion"),
    "green": ("peaceful", "calm", "trust", "love", "caring", "relief"),
    "sky": ("powerful", "surprise", "surprised", "proud", "pride", "anticipation"),
    "blue": ("sad", "sadness", "grief", "disappointed", "disappointment"),
    "pink": ("scared", "fear", "fearful", "afraid", "nervous", "nervousness"),
    "olive": ("disgust", "disgusted"),
    "brown": ("frustrated", "frustration"),
    "violet": ("confused", "confusion"),
}
NEUTRAL_NAMES = frozenset(_KNOWN["grey"])


@dataclass(frozen=True, slots=True)
class LabelStyle:
    """How a label is shown.

    Args:
        label: The label.
        code: Two letters, unique among the labels shown together.
        css: Class name that carries the colour.
        light: Colour on a light ground, "#rrggbb".
        dark: Colour on a dark ground, "#rrggbb".
    """

    label: str
    code: str
    css: str
    light: str
    dark: str


def label_styles(labels: Sequence[str]) -> dict[str, LabelStyle]:
    """Styles of all labels, in their order; known emotion names keep their colour from report to report."""
    hue_of = {name: hue for hue, names in _KNOWN.items() for name in names}
    free = dict(_HUES)
    chosen: dict[str, tuple[str, str]] = {}
    for label in labels:
        hue = hue_of.get(label.strip().lower())
        if hue in free:
            chosen[label] = free.pop(hue)
    left = [pair for hue, pair in free.items() if hue != "grey"]
    rest = [label for label in labels if label not in chosen]
    for position, label in enumerate(rest):
        chosen[label] = left[position] if position < len(left) else _made(position - len(left))
    codes = _codes(labels)
    return {label: LabelStyle(label, codes[label], f"e{i}", *chosen[label]) for i, label in enumerate(labels)}


def light_colour(hue: str) -> str:
    """One of the palette's colours on a light ground, "#rrggbb", by its name: "blue", "gold", "red" and so on."""
    return _HUES[hue][0]


def _made(number: int) -> tuple[str, str]:
    """A further colour: hues by the golden angle, two lightness steps."""
    hue = (0.12 + 0.618034 * number) % 1
    light = 0.30 + 0.10 * (number % 2)
    return _hex(hue, light, 0.55), _hex(hue, light + 0.34, 0.62)


def _hex(hue: float, lightness: float, saturation: float) -> str:
    return "#" + "".join(f"{round(255 * part):02x}" for part in colorsys.hls_to_rgb(hue, lightness, saturation))


def _codes(labels: Sequence[str]) -> dict[str, str]:
    taken: set[str] = set()
    codes: dict[str, str] = {}
    for label in labels:
        letters = [c for c in label if c.isalnum()] or ["?"]
        first = letters[0].upper()
        tries = [first + c.lower() for c in letters[1:]] + [first + str(n) for n in range(1, 100)]
        codes[label] = next(code for code in tries if code not in taken)
        taken.add(codes[label])
    return codes
