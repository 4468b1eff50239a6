"""Colours: distinct, readable on their ground, and stable."""

from __future__ import annotations

import pytest

from erckit.reports.palette import label_styles

SETS = {
    "emorynlp": ["joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared"],
    "meld": ["neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger"],
    "many": [f"feeling {i}" for i in range(28)],
    "clash": ["joy", "happiness", "Joyful", "!!!", "???", "jo", "Sad", "sad "],
}


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("labels", SETS.values(), ids=SETS)
def test_codes_classes_and_colours_are_unique(labels: list[str]) -> None:
    styles = label_styles(labels)
    assert list(styles) == labels
    for part in ("code", "css", "light", "dark"):
        assert len({getattr(style, part) for style in styles.values()}) == len(labels), part
    assert all(2 <= len(style.code) <= 3 for style in styles.values())


@pytest.mark.parametrize("labels", SETS.values(), ids=SETS)
def test_marks_stand_out_from_the_page(labels: list[str]) -> None:
    for style in label_styles(labels).values():
        assert _contrast(style.light, "#ffffff") >= 3, style
        assert _contrast(style.dark, "#171c23") >= 3, style


def test_a_known_emotion_keeps_its_colour() -> None:
    emory, meld = label_styles(SETS["emorynlp"]), label_styles(SETS["meld"])
    for one, other in [("joyful", "joy"), ("mad", "anger"), ("sad", "sadness"), ("scared", "fear")]:
        assert emory[one].light == meld[other].light
