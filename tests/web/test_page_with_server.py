"""The page on the real server with the bundled model: the two agree about everything they say to each other."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.process]

pytest.importorskip("fastapi", reason="the server extra is not installed")


@pytest.fixture
def address() -> Iterator[str]:
    """Where ``erckit serve`` listens."""
    command = [sys.executable, "-m", "erckit", "serve", "--port", "0", "--precision", "fp32", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        try:
            found = next((found for line in process.stdout if (found := re.search(r"http://\S+", line))), None)
            assert found, "the server did not start"
            yield found[0]
        finally:
            process.terminate()
            process.communicate(timeout=60)


@pytest.mark.slow
def test_the_example_from_the_click_to_the_next_line(browser: Any, address: str) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    page.click("#example")
    page.wait_for_selector("#said .row:nth-child(20) .pct")
    labels = page.locator("#said .chip").all_inner_texts()
    assert len(set(labels)) >= 4
    assert labels[9] == "joy"
    page.click("#said .row:nth-child(6) .bubble")
    page.click(".detail button")
    page.wait_for_selector(".detail .found")
    assert page.locator(".detail .cost").inner_text().rpartition(" passes")[0].endswith("6")
    page.fill("#line", "I am so happy for you!")
    page.press("#line", "Enter")
    page.wait_for_selector("#said .row:nth-child(21) .pct")
    live = page.locator("#said .row:nth-child(21) .verdict").text_content()
    # Labelled whole, with the same line in it, the score is the same: streamed = batch.
    page.select_option("#model", page.input_value("#model"))
    page.evaluate("() => document.getElementById('model').dispatchEvent(new Event('change'))")
    page.wait_for_selector("#status >> text=Labelled 21 utterances")
    assert page.locator("#said .row:nth-child(21) .verdict").text_content() == live
    assert complaints == []
    context.close()
