"""The red-team file is well formed, large enough and varied; disguises can be read back."""

from __future__ import annotations

import base64
import codecs
import json
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

import red_team
from red_team import HostileUtterance, hostile_utterances
from red_team.disguised import DISGUISES, disguised

FILE = Path(red_team.__file__).with_name("hostile.jsonl")
FAMILIES = {
    "fake_utterances", "command", "answer_format", "control_tokens", "other_language", "obfuscated", "role_play",
    "repetition", "speaker_name", "markup", "unicode", "fake_label", "pressure",
}  # fmt: skip


def test_every_line_is_an_entry() -> None:
    rows = [json.loads(line) for line in FILE.read_bytes().decode("utf-8").split("\n") if line]
    assert len(rows) == len(hostile_utterances()) >= 220
    for row in rows:
        assert set(row) - {"speaker"} == {"id", "family", "language", "text"}
        assert all(isinstance(value, str) for value in row.values())
        assert re.fullmatch(r"[a-z]+-\d\d", row["id"])
    assert len({row["id"] for row in rows}) == len(rows)


def test_families_and_languages() -> None:
    entries = hostile_utterances()
    counts = Counter(entry.family for entry in entries)
    assert set(counts) == FAMILIES
    assert min(counts.values()) >= 12
    others = {entry.language for entry in entries if entry.family == "other_language"}
    assert len(others) >= 8
    assert "en" not in others
    assert all((entry.speaker is not None) == (entry.family == "speaker_name") for entry in entries)


def test_entries_differ_in_more_than_a_word() -> None:
    said = [f"{entry.text} {entry.speaker or ''}".casefold() for entry in hostile_utterances()]
    seen = [frozenset(re.findall(r"\w+|[^\w\s]", text)) for text in said]
    pairs = [(a, b) for i, a in enumerate(seen) for b in seen[:i]]
    alike = [1 for a, b in pairs if len(a) > 5 and len(a & b) > 0.8 * len(a | b)]
    assert len(alike) < 0.04 * len(said)


def test_every_entry_asks_for_its_label() -> None:
    for entry in hostile_utterances():
        text, speaker = entry.asking_for("Wistful")
        other = entry.asking_for("Elated")
        assert (text, speaker) != other
        assert "{label}" not in f"{text} {speaker}"
        assert not any(f"{{{name}:" in text for name in DISGUISES)


def test_the_file_shows_what_cannot_be_seen() -> None:
    # A reader of the file must not be fooled by it: marks that change how lines look are escaped.
    assert all(c.isprintable() or c == "\n" for c in FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("name", "back"),
    [
        ("base64", lambda text: base64.b64decode(text).decode()),
        ("rot13", lambda text: codecs.decode(text, "rot13")),
        ("reversed", lambda text: text[::-1]),
        ("spaced", lambda text: text[::2]),
        ("dotted", lambda text: text[::2]),
        ("zerowidth", lambda text: text.replace("\u200b", "")),
        ("upper", str.lower),
        ("hex", lambda text: bytes.fromhex(text).decode()),
        ("leet", lambda text: text.replace("4", "a").replace("3", "e").replace("7", "t").replace("5", "s")),
        ("acrostic", lambda text: "".join(word[0] for word in text.split()).lower()),
        ("fullwidth", lambda text: unicodedata.normalize("NFKC", text)),
        ("bold", lambda text: unicodedata.normalize("NFKC", text)),
        ("tags", lambda text: "".join(chr(ord(c) - 0xE0000) for c in text)),
    ],
)
def test_a_disguise_hides_and_can_be_undone(name: str, back) -> None:  # type: ignore[no-untyped-def]
    hidden = DISGUISES[name]("gladness")
    assert hidden != "gladness"
    assert back(hidden) == "gladness"
    assert disguised(f"a {{{name}:gladness}} {{unknown:b}}") == f"a {hidden} {{unknown:b}}"


def test_halves_are_the_whole() -> None:
    entry = HostileUtterance("x-01", "x", "en", "{half1:{label}}|{half2:{label}}", "{label}!")
    text, speaker = entry.asking_for("Sadly")
    assert text.replace("|", "") == "sadly"
    assert speaker == "sadly!"
