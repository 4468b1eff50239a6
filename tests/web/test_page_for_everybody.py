"""The page by keyboard, on a phone, in both themes, with a key, and with texts that mean harm."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser

TALK = "Ana: I am happy today\nBen: What do you mean?\nAna: Stop asking, I hate it\nBen: unsure about this"


def label(page: Any, text: str = TALK) -> None:
    page.fill("#transcript", text)
    page.click("#label")
    page.wait_for_selector("#said .bubble .pct")


def focused(page: Any) -> str:
    return page.evaluate(
        "() => { const e = document.activeElement; return e.id || e.className.baseVal || e.className }"
    )


def test_the_whole_way_by_keyboard(open_page: Callable[..., Any]) -> None:
    page = open_page()
    seen = []
    for _ in range(9):
        page.keyboard.press("Tab")
        seen.append(focused(page))
        has_ring = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle !== 'none'")
        assert has_ring, f"the focus on {seen[-1]} cannot be seen"
    assert seen == ["skip", "brand", "model", "theme", "transcript", "label", "choose", "example", "empty"]
    page.focus("#transcript")
    page.keyboard.type("Ana: I am happy\nBen: What?\nAna: Stop it")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#said .pct")
    assert focused(page) == "result-title"
    for _ in range(30):
        page.keyboard.press("Tab")
        if focused(page).startswith("mark"):
            break
    page.wait_for_selector("#scores:not([hidden])")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("() => document.activeElement.dataset.i") == "1"
    page.keyboard.press("Enter")  # to its bubble
    assert focused(page).startswith("bubble")
    page.wait_for_selector("#scores:not([hidden]) >> text=surprise")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#scores:not([hidden]) >> text=anger")
    page.keyboard.press("Escape")
    assert page.locator("#scores").is_hidden()
    page.keyboard.press("Enter")
    assert page.get_attribute("#said .row:nth-child(3) .bubble", "aria-expanded") == "true"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # which earlier utterances mattered
    page.wait_for_selector(".effect")
    page.keyboard.press("Escape")
    assert page.locator(".detail").count() == 0
    assert focused(page).startswith("bubble")
    for _ in range(3):
        page.keyboard.press("Tab")
        if focused(page) == "line":
            break
    page.keyboard.type("I am sorry")
    page.keyboard.press("Enter")
    page.wait_for_selector("#said .row:nth-child(4) .pct")
    assert focused(page) == "line"


def test_what_can_be_pressed_has_a_name(open_page: Callable[..., Any]) -> None:
    page = open_page()
    label(page)
    page.click("#said .row:nth-child(2) .bubble")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, select, textarea, input, a, [role=button], [role=region]")]
          .filter(e => e.checkVisibility() && !e.getAttribute("aria-label") && !e.textContent.trim())
          .filter(e => !e.labels?.[0]?.textContent.trim())
          .map(e => e.outerHTML.slice(0, 90))"""
    )
    assert nameless == []
    assert page.locator("#status").get_attribute("aria-live") == "polite"
    assert page.locator("#error").get_attribute("role") == "alert"


CONTRAST = """() => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const rgba = (colour) => {
    pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const linear = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = rgba(getComputedStyle(e).backgroundColor);
      if (c[3] > 230) return c;
    }
    return [255, 255, 255, 255];
  };
  const ratio = (a, b) => {
    const [x, y] = [light(a), light(b)].sort((m, n) => n - m);
    return (x + 0.05) / (y + 0.05);
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    const words = walk.currentNode.textContent.trim();
    if (!words || !e.checkVisibility() || e.closest("option, .hidden, :disabled")) continue;
    const style = getComputedStyle(e);
    const colour = e.closest("svg") ? style.fill : style.color;
    found.push(["text", ratio(rgba(colour), ground(e)), words.slice(0, 30)]);
  }
  const lane = document.querySelector(".lane");
  for (const e of document.querySelectorAll(".icon path, .bar-of")) {
    const style = getComputedStyle(e);
    const colour = style.fill === "none" ? style.stroke : style.fill;
    const kind = e.closest(".bubble, .shift") ? "beside its word" : "mark";
    const under = e.closest(".strips") ? rgba(getComputedStyle(lane).fill) : ground(e);
    found.push([kind, ratio(rgba(colour), under), e.parentElement.getAttribute("class")]);
  }
  for (const e of document.querySelectorAll("#line, #speaker, #model, #transcript ~ * button:not(.link), .bubble"))
    found.push(["edge", ratio(rgba(getComputedStyle(e).borderTopColor), ground(e.parentElement)), e.id || e.className]);
  return found;
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_contrast(open_page: Callable[..., Any], theme: str) -> None:
    """WCAG AA: 4.5 for text; 3 for the marks, and for the edges of fields and bubbles."""
    page = open_page(theme=theme)
    start = page.evaluate(CONTRAST)
    label(page, TALK + "\nAna: I am scared\nBen: I am sorry\nAna: hm")
    page.click("#said .row:nth-child(3) .bubble")
    page.click(".detail button")
    page.wait_for_selector(".effect")
    found = [*start, *page.evaluate(CONTRAST)]
    assert len(found) > 100
    least = {"text": 4.5, "mark": 3, "beside its word": 2.5, "edge": 3}
    assert [one for one in found if one[1] < least[one[0]]] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scrolling(open_page: Callable[..., Any], theme: str) -> None:
    page = open_page(width=360, theme=theme)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    name = "A very long name of a speaker who has-a-name-without-any-blank-to-break-it-at"
    label(page, f"{TALK}\n{name}: {'w' * 300}\nAna: I am scared")
    page.click("#said .row:nth-child(6) .bubble")
    page.click(".detail button")
    page.wait_for_selector(".effect")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    small = page.evaluate(
        """() => [...document.querySelectorAll("button:not(.mark), select, .bubble")].filter(e => e.checkVisibility())
          .map(e => [e.id || e.textContent.slice(0, 20), e.getBoundingClientRect().height])
          .filter(([, high]) => high < 28)"""
    )
    assert small == [], "too small for a finger"


def test_texts_stay_texts(open_page: Callable[..., Any]) -> None:
    page = open_page()
    page.evaluate("() => { window.hit = 0; }")
    evil = [
        "<script>window.hit=1</script>",
        "<img src=x onerror=window.hit=1>",
        "</p><svg onload=window.hit=1>",
        "javascript:window.hit=1",
    ]
    label(page, "\n".join(f"{one.replace(':', '')}: {one} \u202egnp.exe {{{{7*7}}}}" for one in evil))
    for number in range(1, 5):
        page.click(f"#said .row:nth-child({number}) .bubble")
    page.click(".detail button")
    page.wait_for_selector(".effect")
    page.fill("#line", "<img src=x onerror=window.hit=1>")
    page.press("#line", "Enter")
    page.wait_for_selector("#said .row:nth-child(5) .pct")
    shown = page.locator("#said .text").all_inner_texts()
    assert shown[0].startswith("<script>window.hit=1</script>")
    assert "\u202e" not in shown[0]
    assert page.evaluate("() => window.hit") == 0
    assert page.locator("main script, main img, #said svg:not(.icon)").count() == 0


def test_the_key_is_asked_for_only_when_it_is_needed(open_page: Callable[..., Any], stub: Any) -> None:
    stub.key = "geheim-ü"
    page = open_page(allow=("Failed to load resource",))
    assert page.locator("#key").get_attribute("open") is not None
    page.fill("#key-value", "wrong")
    page.press("#key-value", "Enter")
    page.wait_for_selector("#key-wrong:not([hidden])")
    stub.key = "secret"
    page.fill("#key-value", "secret")
    page.press("#key-value", "Enter")
    page.wait_for_selector("#model:not([disabled])")
    label(page)
    page.fill("#line", "great")
    page.press("#line", "Enter")
    page.wait_for_selector("#said .row:nth-child(5) .pct")
    assert stub.protocols == ["erckit", "erckit.key.c2VjcmV0"]
    assert page.evaluate("() => [localStorage.length, sessionStorage.length]") == [0, 1]


def test_nothing_of_a_transcript_is_kept(open_page: Callable[..., Any]) -> None:
    page = open_page()
    label(page)
    kept = page.evaluate(
        "() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])"
    )
    assert not re.search("happy|Ana", kept)
    assert json.loads(kept)[2] == ""
