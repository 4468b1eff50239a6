"""The page's files: complete, plain, and nothing in them that the policy or an offline machine would refuse."""

from __future__ import annotations

import re
from pathlib import Path

import erckit.web
from erckit.web import PAGE_POLICY, page_files

FOLDER = Path(erckit.web.__file__).parent
FILES = page_files()
TEXTS = {name: content.decode() for name, (_, content) in FILES.items()}


def test_every_file_of_the_folder_is_sent_with_its_type() -> None:
    on_disk = {path.name for path in FOLDER.iterdir() if path.is_file() and path.suffix != ".py"}
    assert set(FILES) == on_disk
    assert FILES["index.html"][0] == "text/html; charset=utf-8"
    assert FILES["app.js"][0].startswith("text/javascript")
    assert FILES["style.css"][0].startswith("text/css")


def test_what_a_file_names_is_there() -> None:
    page = TEXTS["index.html"]
    named = set(re.findall(r'(?:src|href)="([^"#]+)"', page)) - {"./"}
    named |= {name for text in TEXTS.values() for name in re.findall(r'from "\./([^"]+)"', text)}
    assert named <= set(FILES)
    assert set(FILES) - {"index.html"} <= named, "a file nobody loads"
    known = set(re.findall(r'\bid="([^"]+)"', page))
    assert {name for text in TEXTS.values() for name in re.findall(r'byId\("([^"]+)"\)', text)} <= known


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    page = TEXTS["index.html"]
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert all(re.search(r'\ssrc="', tag) for tag in re.findall(r"<script[^>]*>", page))
    for name, text in TEXTS.items():
        hosts = set(re.findall(r"https?://[^\s\"'`)]+", text)) - {"http://www.w3.org/2000/svg"}
        assert not hosts, name
        assert not re.search(r"@import|url\(", text) or name not in ("style.css", "talk.css")


def test_texts_can_only_become_text() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\"(?:style|on)"
    for name, text in TEXTS.items():
        if name.endswith(".js"):
            assert not re.search(ways, text), name


def test_the_policy_in_the_page_is_the_policy_that_is_sent() -> None:
    (inside,) = re.findall(r'Content-Security-Policy" content="([^"]+)"', TEXTS["index.html"])
    # A page cannot forbid its own frames; that part goes with the header only.
    assert f"{inside}; frame-ancestors 'none'" == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert PAGE_POLICY.startswith("default-src 'none'")


def test_files_are_short() -> None:
    assert all(text.count("\n") < 400 for text in TEXTS.values())
