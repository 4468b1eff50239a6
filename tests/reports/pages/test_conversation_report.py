"""The report page: whole, safe, and without any need of a network."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from erckit.conversation import LabelledConversation
from erckit.errors import ErckitError
from erckit.reports import write_report
from erckit.reports.pages.conversation_report import report_html

Labelled = Callable[..., LabelledConversation]
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Reads a page back: tags that were opened, texts by tag, and whether every tag was closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.append((self.open[-1], data))

    def rows(self) -> list[dict[str, str | None]]:
        return [attrs for tag, attrs in self.tags if tag == "li" and "data-s" in attrs]


def _talk(count: int, speakers: int) -> list[tuple[str, str]]:
    return [(f"Person {i % speakers}", f"Remark number {i}.") for i in range(count)]


def test_every_utterance_is_in_the_transcript_and_in_the_chart(labelled: Labelled, tmp_path: Path) -> None:
    path = write_report([labelled(_talk(20, 3)), labelled(_talk(5, 2), "other")], tmp_path / "r.html", title="T")
    page = Page(path.read_text(encoding="utf-8"))
    assert len(page.rows()) == 25
    assert sum(tag == "rect" for tag, _ in page.tags) == 25
    texts = Counter(text for tag, text in page.texts if tag == "p")
    assert texts["Remark number 0."] == 2
    assert texts["Remark number 19."] == 1
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {attrs["href"].lstrip("#") for tag, attrs in page.tags if tag == "a" and attrs.get("href")} <= set(ids)


def test_nothing_is_fetched_from_anywhere(labelled: Labelled) -> None:
    page = report_html([labelled(_talk(6, 2))])
    assert "://" not in page
    tags = Page(page).tags
    assert not any(tag in {"link", "img", "iframe", "object", "embed"} for tag, _ in tags)
    assert not any("src" in attrs for _, attrs in tags)
    policy = next(a["content"] for t, a in tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'")


def test_text_is_never_markup(labelled: Labelled) -> None:
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&amp;"
    page = report_html([labelled([(evil, evil), ("B", "ok")], name=evil)], title=evil, model_line=evil)
    read = Page(page)
    assert sum(tag == "script" for tag, _ in read.tags) == 1
    assert not any(tag == "img" for tag, _ in read.tags)
    assert not any(name.startswith("on") for _, attrs in read.tags for name in attrs)
    assert any(text == evil for tag, text in read.texts if tag == "p")


def test_labels_are_never_markup(labelled: Labelled) -> None:
    labels = ("<b>x</b>", "neutral", '"><i>')
    read = Page(report_html([labelled(_talk(12, 2), labels=labels, abstain_below=0.5)]))
    assert not any(text == "x" for tag, text in read.texts if tag == "b")
    assert not any(tag == "i" and not attrs for tag, attrs in read.tags)
    assert any(text == "<b>x</b>" for tag, text in read.texts if tag == "option")


def test_odd_texts_are_shown_or_replaced(labelled: Labelled) -> None:
    said = [("مريم", "وجدناه!"), ("B", "party 🎉 é"), ("C", "nul \x00 bell \x07 half \ud800 flip \u202e"), ("", "  ")]
    page = report_html([labelled(said)])
    page.encode("utf-8")
    texts = [text for tag, text in Page(page).texts if tag == "p"]
    assert "وجدناه!" in texts
    assert "party 🎉 é" in texts
    assert "nul \ufffd bell \ufffd half \ufffd flip \ufffd" in texts
    assert "(no text)" in texts
    assert "(no name)" in page
    assert '<p class="text" dir="auto">وجدناه!' in page


def test_abstention_is_shown_with_its_reason(labelled: Labelled) -> None:
    one = labelled(_talk(30, 2), abstain_below=0.5)
    unsure = sum(p.label is None for p in one.predictions)
    assert 0 < unsure < 30
    page = report_html([one])
    assert Counter(row["class"] for row in Page(page).rows())["no"] == unsure
    assert page.count("below 0.50") == unsure
    assert f"<b>{unsure}</b>without a label" in page


@pytest.mark.parametrize(
    ("calibrated", "words"), [(True, "Scores are calibrated"), (False, "Scores are not calibrated")]
)
def test_the_page_says_whether_scores_are_calibrated(labelled: Labelled, calibrated: bool, words: str) -> None:
    page = report_html([labelled(_talk(3, 1), calibrated=calibrated)], model_line="m · toy/test · weighted_f1 12.34")
    assert words in page
    assert "m · toy/test · weighted_f1 12.34" in page


def test_calibrated_and_not_is_partly(labelled: Labelled) -> None:
    both = [labelled(_talk(3, 1), "a"), labelled(_talk(2, 1), "b", calibrated=False)]
    assert "partly calibrated</b>: 3 of 5" in report_html(both)


def test_mark_height_grows_with_confidence(labelled: Labelled) -> None:
    one = labelled(_talk(12, 1))
    heights = [float(a["height"] or 0) for tag, a in Page(report_html([one])).tags if tag == "rect"]
    confidence = [p.confidence for p in one.predictions]
    order = sorted(range(12), key=lambda i: confidence[i])
    assert [heights[i] for i in order] == sorted(heights)
    assert heights[order[-1]] > heights[order[0]]


def test_time_places_the_marks_when_it_can(labelled: Labelled) -> None:
    starts = [0.0, 1.0, 2.0, 8.0]
    page = report_html([labelled(_talk(4, 2), starts=starts)])
    x = [float(a["x"] or 0) for tag, a in Page(page).tags if tag == "rect"]
    assert (x[3] - x[2]) == pytest.approx(6 * (x[1] - x[0]), rel=0.01)
    assert "<time>0:08</time>" in page
    assert '<div class="axis">time</div>' in page
    long_silence = report_html([labelled(_talk(40, 2), starts=[*map(float, range(39)), 1e6])])
    assert '<div class="axis">utterance number</div>' in long_silence


def test_a_huge_transcript_stays_reasonable(labelled: Labelled) -> None:
    labels = [f"feeling {i}" for i in range(28)]
    page = report_html([labelled(_talk(5000, 50), labels=labels, abstain_below=0.1)])
    assert len(page) < 6_000_000
    assert len(Page(page).rows()) == 5000
    assert "42 more speakers" in page


def test_a_very_long_utterance_is_folded_not_lost(labelled: Labelled) -> None:
    text = "".join(f"word{i} " for i in range(2000)).strip()
    page = report_html([labelled([("A", text), ("B", "short")])])
    shown = "".join(t for tag, t in Page(page).texts if tag == "p")
    assert text in shown
    assert "more characters" in page


def test_one_speaker_one_utterance(labelled: Labelled) -> None:
    page = Page(report_html([labelled([("Solo", "Hello?")])]))
    assert len(page.rows()) == 1


def test_the_same_input_gives_the_same_page(labelled: Labelled) -> None:
    assert report_html([labelled(_talk(9, 2))]) == report_html([labelled(_talk(9, 2))])


def test_many_conversations_open_a_few(labelled: Labelled) -> None:
    page = report_html([labelled(_talk(4, 2), f"talk {i}") for i in range(30)])
    opened = [a for tag, a in Page(page).tags if tag == "details" and "open" in a]
    assert len(opened) == 3
    assert len(re.findall('<details class="talk', page)) == 30


def test_nothing_to_report_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ErckitError, match="no conversation"):
        write_report([], tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_the_legend_names_every_label(labelled: Labelled) -> None:
    page = Page(report_html([labelled(_talk(2, 1))]))
    options = [text for tag, text in page.texts if tag == "option"]
    assert {"joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared"} <= set(options)
