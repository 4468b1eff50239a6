"""The map of emotions as picture and page: marks that differ, no text unless asked for, names that do no harm."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from erckit.evaluation.vectors.emotion_map import EmotionMap
from erckit.labels import LabelSet
from erckit.reports.figures import emotion_map_figure
from erckit.reports.figures.emotion_map_figure import save_emotion_map_png
from erckit.reports.pages import svg_markers
from erckit.reports.pages.emotion_map_page import emotion_map_html, write_emotion_map


@pytest.fixture
def found() -> EmotionMap:
    rng = np.random.default_rng(0)
    labels = ("joyful", "mad", "neutral", "<b>odd & long</b>")
    gold = np.arange(40) % 4
    centres = np.array([[0.0, 0.0], [0.0, 0.001], [1.0, 1.0], [0.5, -1.0]])  # two nearly in one place
    return EmotionMap(
        "model on toy/dev",
        ("Projection: PCA.", "Few are drawn."),
        LabelSet(labels, "neutral"),
        np.array([10, 10, 10, 10]),
        centres[gold] + 0.3 * rng.normal(size=(40, 2)),
        gold,
        tuple(f"secret words {i} <script>alert(1)</script>" for i in range(40)),
        centres,
        np.abs(np.subtract.outer(np.arange(4.0), np.arange(4.0))),
        np.full(4, 0.5),
        ("first", "second"),
    )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.found.append(tag)


def test_the_page_has_every_mark_and_no_word_of_the_corpus(found: EmotionMap, tmp_path: Path) -> None:
    page = write_emotion_map(found, tmp_path / "map.html").read_text()
    assert "secret" not in page
    tags = _Tags()
    tags.feed(page)
    assert tags.found.count("use") == 40 + 4
    assert tags.found.count("script") == 1
    assert "b" not in tags.found  # the label's own markup is text
    assert "&lt;b&gt;odd" in page
    assert not re.search(r'(src|href)="(?!#)', page)
    assert emotion_map_html(found) == page


def test_text_only_when_asked_for(found: EmotionMap) -> None:
    page = emotion_map_html(found, with_text=True)
    assert page.count("secret words") == 40
    assert "<script>alert" not in page


def test_names_do_not_cover_each_other(found: EmotionMap) -> None:
    page = emotion_map_html(found)
    named = re.findall(r'<text x="([\d.-]+)" y="([\d.-]+)" text-anchor="middle">([^<]*)</text>', page)
    marks = [
        (float(x), float(y))
        for x, y in re.findall(r'<use href="#m\d+" transform="translate\(([\d.-]+) ([\d.-]+)\) scale\(9\)', page)
    ]
    assert len(named) == len(marks) == 4
    boxes = []
    for x, y, name in named:
        half = 4.0 * len(name.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))  # bold, 14 px
        boxes.append((float(x) - half, float(y) - 11, float(x) + half, float(y) + 4))
    for i, (left, top, right, bottom) in enumerate(boxes):
        others = [*boxes[:i], *((x - 9, y - 9, x + 9, y + 9) for x, y in marks)]
        assert not any(left < r and le < right and top < b and t < bottom for le, t, r, b in others)


def test_markers_differ() -> None:
    assert len(set(svg_markers.MARKERS)) == len(svg_markers.MARKERS) == len(emotion_map_figure.MARKERS)
    assert len(set(emotion_map_figure.MARKERS)) == len(emotion_map_figure.MARKERS)


@pytest.mark.filterwarnings("error")
def test_the_picture_is_written_and_equal_maps_give_equal_bytes(found: EmotionMap, tmp_path: Path) -> None:
    first = save_emotion_map_png(found, tmp_path / "one.png").read_bytes()
    assert first.startswith(b"\x89PNG")
    assert save_emotion_map_png(found, tmp_path / "two.png").read_bytes() == first
