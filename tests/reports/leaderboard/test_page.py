"""The leaderboard as Markdown and as a page: everything is there, escaped, and nothing is fetched."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from erckit.evaluation.leaderboard.leaderboard import Leaderboard, build_leaderboard
from erckit.evaluation.results.result import PredictionRow, ProtocolRun
from erckit.evaluation.results.stored_result import StoredResult
from erckit.evaluation.run.evaluate import single_result
from erckit.labels import LabelSet
from erckit.reports.leaderboard.interval_chart import interval_chart
from erckit.reports.leaderboard.markdown import leaderboard_markdown
from erckit.reports.leaderboard.page import leaderboard_html, write_leaderboard_page

LABELS = LabelSet(("a", "b"), neutral="a")
VOID = {"meta", "br", "link", "img", "input"}


class Page(HTMLParser):
    """Reads a page back and checks that every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
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


def stored(system: str, right: int, protocol: str = "emorynlp/test", size: int = 1328) -> StoredResult:
    rows = [
        PredictionRow(f"c{n % 9}", f"u{n}", "ab"[n % 2], "ab"[(n + (n % 10 >= right)) % 2], {"a": 0.5, "b": 0.5}, 1)
        for n in range(size)
    ]
    corpus, split = protocol.split("/")
    result = single_result(
        rows,
        protocol=ProtocolRun(protocol, corpus, split, 9, size, "weighted_f1", "dev", "this | that", True),
        system=system,
        label_set=LABELS,
        seed=1,
        calibrated=False,
        config={"model": {"backbone": "small"}},
        wall_seconds=2.0,
        tokens_processed=1,
        draws=20,
        costs={"parameters": 22_713_216, "trained_parameters": 5000, "training_seconds": 90.0},
    )
    return StoredResult(Path(f"{system}.json"), result)


@pytest.fixture(scope="module")
def board() -> Leaderboard:
    return build_leaderboard([stored("one", 9), stored("<b>two</b> & | *x*", 6), stored("three", 5, "meld/dev", 40)])


def test_the_page_is_whole_and_needs_nothing_else(board: Leaderboard, tmp_path: Path) -> None:
    path = write_leaderboard_page(board, tmp_path / "l.html", "Mine & others")
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert not [tag for tag, a in page.tags if "src" in a or (a.get("href") or "#")[0] != "#"]
    assert "http" not in re.sub(r"<meta http-equiv[^>]*>", "", text)
    assert "default-src 'none'" in text
    assert "<b>two</b>" not in text
    assert "&lt;b&gt;two&lt;/b&gt;" in text
    assert text == leaderboard_html(board, "Mine & others")
    anchors = {a["id"] for _, a in page.tags if "id" in a}
    links = {(a["href"] or "")[1:] for tag, a in page.tags if tag == "a"}
    assert links == anchors


def test_cells_that_are_sorted_by_number_carry_it(board: Leaderboard) -> None:
    values = [a["data-v"] for tag, a in Page(leaderboard_html(board)).tags if tag == "td" and "data-v" in a]
    assert values
    assert all(value == "" or float(value or 0) >= 0 for value in values)


def test_every_mark_of_the_chart_stands_where_its_score_is(board: Leaderboard) -> None:
    section = board.sections[0]
    chart = interval_chart(section)
    dots = [float(x) for x in re.findall(r'class="dot" cx="([\d.]+)"', chart)]
    diamonds = [float(x) for x in re.findall(r'class="diamond" d="M([\d.]+)', chart)]
    scores = [row.score for row in section.rows] + [score.value for score in section.published]
    assert len(dots) == len(section.rows)
    assert len(diamonds) == len(section.published) > 3
    places = dots + diamonds
    slopes = [(places[i] - places[0]) / (scores[i] - scores[0]) for i in range(1, len(scores))]
    assert slopes == pytest.approx([slopes[0]] * len(slopes), rel=0.01)
    bounds = [float(x) for x in re.findall(r'class="bar" d="M([\d.]+)', chart)]
    for dot, left in zip(dots, bounds, strict=True):
        assert left < dot
    assert chart.count('class="cross"') == sum(score.selection == "test" for score in section.published)


def test_a_long_name_is_whole_in_the_chart_and_has_room() -> None:
    name = "emonet_frozen-all-mpnet-base-v2-goemotions-five-seeds"
    chart = interval_chart(build_leaderboard([stored(name, 9), stored("one", 6)]).sections[0])
    x = float(re.search(rf'x="([\d.]+)"[^>]*>{name}</text>', chart)[1])  # type: ignore[index]
    assert x > 8.2 * len(name)  # it ends there; in a wide font a bold letter of 12.5 px takes up to 8.2 px on average
    width = float(re.search(r'svg viewBox="0 0 ([\d.]+) ', chart)[1])  # type: ignore[index]
    places = [float(value) for value in re.findall(r'(?:cx|x1|x2|x)="([\d.]+)"', chart)]
    assert max(places) <= width


def test_the_speed_is_left_out_where_vectors_were_kept(board: Leaderboard) -> None:
    one, other = stored("kept", 9), stored("read", 6)
    kept = dataclasses.replace(one, result=dataclasses.replace(one.result, cached_texts=7))
    lines = leaderboard_markdown(build_leaderboard([kept, other], with_published=False)).splitlines()
    cells = {line.split(" | ")[0].strip("| "): line.split(" | ") for line in lines if line.startswith("| ")}
    speed = cells["system"].index("utterances/s")
    assert (cells["kept"][speed], cells["read"][speed]) == ("cached", "664")


def test_markdown_holds_the_same_tables(board: Leaderboard) -> None:
    text = leaderboard_markdown(board)
    assert text.index("## emorynlp/test · weighted_f1") < text.index("## meld/dev · weighted_f1")
    first = text[text.index("## emorynlp/test") : text.index("## meld/dev")]
    assert "| EmoNet | 2024 | 39.18 |" in first
    assert "InstructERC |" not in first  # of the other version of the split
    assert "22.7 M" in first
    assert "90 s on unrecorded hardware" in first
    assert "this \\| that" in first
    dev = text[text.index("## meld/dev") : text.index("## emorynlp_aligned/test")]
    assert "Published" not in dev
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert text == leaderboard_markdown(board)


def test_dailydialog_says_what_is_left_out() -> None:
    board = build_leaderboard([stored("one", 9, "dailydialog/test", 7740)])
    for text in (leaderboard_markdown(board), leaderboard_html(board)):
        assert "Left out: SentEmoContext (2024), 57.71 macro F1" in text
