"""The page in a real browser, against a stand-in for the server."""

from __future__ import annotations

import base64
import csv
import io
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from erckit.readers import read_conversations
from erckit.reports.palette import label_styles

pytestmark = pytest.mark.browser

LINES = (
    "Ana: I am happy today",
    "Ben: What do you mean?",
    "Ana: Stop asking, I hate it",
    "Ben: I am sorry",
    "Ana: unsure",
)
TALK = "\n".join(LINES)
TEXTS = [line.partition(": ")[2] for line in LINES]
FOUND = ["joy", "surprise", "anger", "sadness", None]


def label(page: Any, text: str) -> None:
    page.fill("#transcript", text)
    page.click("#label")
    page.wait_for_selector("#said .bubble .pct")


def download(page: Any, button: str) -> bytes:
    with page.expect_download() as waiting:
        page.click(button)
    return Path(waiting.value.path()).read_bytes()


def type_line(page: Any, text: str) -> None:
    before = page.locator("#said .row").count()
    page.fill("#line", text)
    page.press("#line", "Enter")
    page.wait_for_selector(f"#said .row:nth-child({before + 1}) .pct")


def test_paste_and_label(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page()
    label(page, TALK)
    rows = page.locator("#said .row")
    assert rows.count() == 5
    assert [row.locator(".text").inner_text() for row in rows.all()] == [
        one.partition(": ")[2] for one in TALK.splitlines()
    ]
    assert [row.locator(".chip").inner_text() for row in rows.all()] == [one or "no label" for one in FOUND]
    assert rows.nth(4).locator(".why").inner_text().startswith("confidence 0.")
    assert page.locator("#facts").inner_text() == "5 utterances · 2 speakers · 2 emotion shifts"
    # What the server was sent: nothing but the transcript.
    (sent,) = stub.bodies("/v1/label")
    assert sent["remember"] is False
    assert [u["text"] for u in sent["conversations"][0]["utterances"]] == [
        one.partition(": ")[2] for one in TALK.splitlines()
    ]


def test_labels_have_the_colours_of_the_reports_in_both_themes(open_page: Callable[..., Any]) -> None:
    page = open_page()
    label(page, TALK)
    styles = label_styles(["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"])

    def colours() -> list[str]:
        return page.eval_on_selector_all(
            "#said .row", "rows => rows.map(r => getComputedStyle(r).getPropertyValue('--c').trim())"
        )

    assert colours()[:4] == [styles[one].light for one in FOUND[:4]]
    page.click("#theme")
    assert colours()[:4] == [styles[one].dark for one in FOUND[:4]]
    assert page.evaluate("localStorage.getItem('erckit-theme')") == "dark"
    shapes = page.eval_on_selector_all("#said .chip path", "all => all.map(p => p.getAttribute('d'))")
    assert len(set(shapes)) == 4, "a label is told by its shape, too"


def test_the_course_has_a_mark_per_utterance_as_high_as_its_confidence(open_page: Callable[..., Any]) -> None:
    page = open_page()
    label(page, TALK)
    assert page.locator("#course .lane").count() == 1
    assert page.locator("#course .names b").all_inner_texts() == ["Ana", "Ben"]
    marks = page.eval_on_selector_all(
        "#course .mark",
        "all => all.map(m => [Number(m.dataset.i), Number(m.querySelector('rect').getAttribute('height'))])",
    )
    shown = [int(one.removesuffix(" %")) for one in page.locator("#said .pct").all_inner_texts()]
    assert [i for i, _ in marks] == [0, 1, 2, 3, 4]
    assert all(abs(height - 0.44 * percent) < 0.5 for (_, height), percent in zip(marks, shown, strict=True))
    # Ana: joy, anger, none; Ben: surprise, sadness. Both changed once.
    assert page.locator("#course .mark:has(.shift-mark)").evaluate_all("all => all.map(m => m.dataset.i)") == ["2", "3"]
    assert "joy" in page.locator("#said .row:nth-child(3) .shift").inner_text()


def test_scores_on_hover(open_page: Callable[..., Any]) -> None:
    page = open_page()
    label(page, TALK)
    box = page.locator("#said .row:nth-child(1) .bubble").bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 10)
    page.wait_for_selector("#scores:not([hidden])")
    rows = page.locator("#scores li").all_inner_texts()
    assert len(rows) == 7
    assert rows[0].startswith("joy")
    page.mouse.move(2, 2)
    page.wait_for_selector("#scores", state="hidden")


def test_what_mattered_on_demand_with_its_cost(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page()
    label(page, TALK)
    page.click("#said .row:nth-child(4) .bubble")
    assert "3 earlier utterances" in page.locator(".detail .cost").inner_text()
    assert "4 passes" in page.locator(".detail .cost").inner_text()
    assert not stub.bodies("/v1/explain"), "only when it is asked for"
    page.click(".detail button")
    page.wait_for_selector(".effect")
    assert page.locator(".effect .points").all_inner_texts() == ["+30 points", "−15 points", "+10 points"]
    assert page.locator(".effect .line").first.inner_text().startswith("Ana Stop asking")
    assert page.locator(".detail .cost").inner_text().startswith("4 passes, ")
    assert page.locator("#said .row:nth-child(3) .badge").inner_text() == "+30 points"
    (asked,) = stub.bodies("/v1/explain")
    assert (asked["index"], len(asked["conversation"]["utterances"])) == (3, 4)
    page.click("#said .row:nth-child(4) .bubble")
    assert page.locator(".detail, .badge").count() == 0


def test_a_typed_line_is_labelled_live(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page()
    label(page, TALK)
    assert page.locator("#speaker option:checked").inner_text() == "Ben", "the one who did not speak last"
    type_line(page, "That is great")
    assert page.locator("#said .row:nth-child(6) .chip").inner_text() == "joy"
    assert [one["text"] for one in stub.streamed] == [
        *(one.partition(": ")[2] for one in TALK.splitlines()),
        "That is great",
    ]
    assert len({one["conversation"] for one in stub.streamed}) == 1
    assert all(one["remember"] is False and "model" not in one for one in stub.streamed)
    assert "joy" in page.locator("#status").inner_text(), "read out"
    page.select_option("#speaker", label="Somebody new…")
    page.fill("#new-speaker", "Cleo")
    type_line(page, "I am scared")
    assert (stub.streamed[-1]["speaker"], len(stub.streamed)) == ("Cleo", 7), "what the server has is not sent again"
    assert page.locator("#course .names b").all_inner_texts() == ["Ana", "Ben", "Cleo"]


def test_a_conversation_from_nothing(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page()
    page.click("#empty")
    page.fill("#new-speaker", "Ana")
    type_line(page, "I am happy")
    type_line(page, "Stop it")
    assert page.locator("#said .chip").all_inner_texts() == ["joy", "anger"]
    assert [one["speaker"] for one in stub.streamed] == ["Ana", "Ana"]


def test_a_line_without_web_sockets(open_page: Callable[..., Any], stub: Any) -> None:
    stub.takes_sockets = False
    page = open_page(allow=("WebSocket",))
    label(page, TALK)
    type_line(page, "That is great")
    page.locator("#said .row:nth-child(6) .chip", has_text="joy").wait_for()
    assert len(stub.bodies("/v1/label")[-1]["conversations"][0]["utterances"]) == 6


def test_another_model_labels_again(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page()
    label(page, TALK)
    page.select_option("#model", "three")
    page.wait_for_selector("#state >> text=not calibrated")
    page.locator("#said .chip", has_text="joy").first.wait_for()
    assert page.locator("#said .chip").all_inner_texts()[:2] == ["joy", "neutral"]
    type_line(page, "That is great")
    assert not stub.streamed, "a model that reads what comes later labels the whole conversation again"
    assert stub.bodies("/v1/label")[-1]["model"] == "three"


def test_jsonl_is_read_again(open_page: Callable[..., Any], tmp_path: Path) -> None:
    page = open_page()
    label(page, TALK)
    path = tmp_path / "labelled.jsonl"
    path.write_bytes(download(page, "#to-jsonl"))
    (conversation,) = read_conversations(path).conversations
    assert [(u.speaker, f"{u.speaker}: {u.text}") for u in conversation.utterances] == [
        (one[:3], one) for one in TALK.splitlines()
    ]
    rows = json.loads(path.read_text(encoding="utf-8"))["utterances"]
    assert [row["predicted"] for row in rows] == FOUND
    assert all(abs(sum(row["scores"].values()) - 1) < 1e-5 and row["calibrated"] for row in rows)


def test_files_say_that_a_model_is_not_causal(open_page: Callable[..., Any]) -> None:
    page = open_page()
    label(page, TALK)
    page.select_option("#model", "three")
    page.wait_for_selector("#state >> text=not calibrated")
    page.locator("#said .chip", has_text="joy").first.wait_for()
    said = json.loads(download(page, "#to-jsonl"))["utterances"]
    assert {one["causal"] for one in said} == {False}
    rows = list(csv.DictReader(io.StringIO(download(page, "#to-csv").decode("utf-8")[1:], newline="")))
    assert {row["causal"] for row in rows} == {"false"}
    assert all(row[f"score_{name}"] for row in rows for name in ("joy", "anger") if f"score_{name}" in row)


def test_csv_is_quoted_and_no_cell_is_a_formula(open_page: Callable[..., Any]) -> None:
    page = open_page()
    lines = ["=cmd: =HYPERLINK(1)", '@Ana: say "no", please', "Ben:   +1 to that", "Ben: a - b = c", "Ben: \uff1d1+1"]
    label(page, "\n".join(lines))
    content = download(page, "#to-csv").decode("utf-8")
    assert content.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(content[1:], newline="")))
    assert [row["speaker"] for row in rows] == ["'=cmd", "'@Ana", "Ben", "Ben", "Ben"]
    assert [row["text"] for row in rows] == [
        "'=HYPERLINK(1)",
        'say "no", please',
        "'  +1 to that",
        "a - b = c",
        "'\uff1d1+1",
    ]
    assert all(
        abs(
            sum(
                float(row[f"score_{name}"])
                for name in ("anger", "joy", "neutral", "fear", "disgust", "sadness", "surprise")
            )
            - 1
        )
        < 1e-5
        for row in rows
    )


def test_png_is_a_picture_with_the_colours_of_the_labels(open_page: Callable[..., Any]) -> None:
    import struct

    page = open_page()
    label(page, TALK)
    content = download(page, "#to-png")
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert width == 2200
    assert 800 < height < 2000
    anger = label_styles(["anger", "joy"])["anger"].light
    found = page.evaluate(
        """async (letters) => {
          const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
          const image = await createImageBitmap(new Blob([bytes], {type: "image/png"}));
          const canvas = new OffscreenCanvas(image.width, image.height);
          const pen = canvas.getContext("2d");
          pen.drawImage(image, 0, 0);
          const {data} = pen.getImageData(80, 0, 10, image.height);
          const seen = {};
          for (let i = 0; i < data.length; i += 4) {
            const key = "#" + [0, 1, 2].map(n => data[i + n].toString(16).padStart(2, "0")).join("");
            seen[key] = (seen[key] ?? 0) + 1;
          }
          return seen;
        }""",
        base64.b64encode(content).decode(),
    )
    assert found.get(anger, 0) > 300


def test_errors_are_words_and_the_page_goes_on(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page(allow=("Failed to load resource",))
    page.click("#label")
    assert "There is no text yet" in page.locator("#error").inner_text()
    stub.fail("/v1/label", 422, "utterance 3 has 9,000 characters; 8,000 are allowed.")
    page.fill("#transcript", TALK)
    page.click("#label")
    page.wait_for_selector("#error >> text=8,000 are allowed")
    assert page.locator("#start").is_visible()
    stub.fail("/v1/label", 500, None)
    page.click("#label")
    page.wait_for_selector("#error >> text=an error (500)")
    label(page, TALK)
    assert not page.locator("#error").is_visible()
    stub.fail("stream", 0, "the line is too long.")
    page.fill("#line", "a line")
    page.press("#line", "Enter")
    page.wait_for_selector("#error >> text=the line is too long")
    assert page.locator("#said .row").count() == 5
    assert page.input_value("#line") == "a line", "what was typed is not lost"
    type_line(page, "a line")


def test_a_busy_server_is_asked_again(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page(allow=("Failed to load resource",))
    stub.fail("/v1/label", 429, "busy", Retry_After="1")
    page.fill("#transcript", TALK)
    page.click("#label")
    page.wait_for_selector("#status >> text=trying again in 1 s")
    page.wait_for_selector("#said .pct")
    assert len(stub.bodies("/v1/label")) == 2


def test_a_stream_that_was_refused_a_line_has_no_gap(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page()
    label(page, TALK)
    stub.fail("stream", 0, "busy", code="overloaded")  # the first of six; the five after it are taken
    page.fill("#line", "That is great")
    page.press("#line", "Enter")
    page.wait_for_selector("#status >> text=trying again")
    page.wait_for_selector("#said .row:nth-child(6) .pct")
    last = [one["text"] for one in stub.streamed if one["conversation"] == stub.streamed[-1]["conversation"]]
    assert last == [*TEXTS, "That is great"]


def test_a_dropped_file_and_several_conversations(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page()
    page.set_input_files(
        "#file",
        {"name": "two.txt", "mimeType": "text/plain", "buffer": "Ána: happy\n\nBen: sorry\nBen: what".encode("utf-16")},
    )
    page.wait_for_selector("#said .pct")
    assert stub.bodies("/v1/read")[0]["name"] == "two.txt"
    assert page.locator("#said .who b").all_inner_texts() == ["Ána"]
    page.select_option("#which", "1")
    from playwright.sync_api import expect

    expect(page.locator("#said .chip")).to_have_text(["sadness", "surprise"])
    assert len(download(page, "#to-jsonl").splitlines()) == 2


def busy_seconds(session: Any) -> float:
    """Processor time of the page's main thread so far: other work on the machine does not count."""
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def test_five_hundred_utterances_stay_smooth(open_page: Callable[..., Any], stub: Any) -> None:
    page = open_page()
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    words, who = ("happy", "sorry", "what", "stop", "hm"), ("Ana", "Ben", "Cleo")
    text = "\n".join(f"{who[i % 3]}: line {i} {words[i % 5]} and some more words" for i in range(500))
    spent = [busy_seconds(session)]
    label(page, text)
    assert page.locator("#said .row").count() == page.locator("#course .mark").count() == 500
    spent.append(busy_seconds(session))
    for _ in range(20):
        page.mouse.wheel(0, 1000)
    spent.append(busy_seconds(session))
    type_line(page, "one more, I am happy")
    assert len(stub.streamed) == 501, "the 500 before it are fed once"
    spent.append(busy_seconds(session))
    type_line(page, "and another")
    assert len(stub.streamed) == 502
    spent.append(busy_seconds(session))
    labelling, scrolling, feeding, typing = (after - before for before, after in itertools.pairwise(spent))
    print(f"{labelling=:.2f} {scrolling=:.2f} {feeding=:.2f} {typing=:.2f} s")
    assert labelling < 3
    assert scrolling < 1
    assert feeding < 2
    assert typing < 0.7


def test_a_conversation_longer_than_a_request_is_streamed(open_page: Callable[..., Any], stub: Any) -> None:
    stub.limits["utterances"] = 20
    page = open_page()
    label(page, "\n".join(f"Ana: line {i}" for i in range(70)))
    assert page.locator("#said .row").count() == 70
    assert not stub.bodies("/v1/label")
    assert [one["text"] for one in stub.streamed] == [f"line {i}" for i in range(70)]
