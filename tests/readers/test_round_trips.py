"""Exports written by a few lines of code after what the programs write; what was said comes back, in every format."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erckit.readers import read_bytes

Said = list[tuple[str, str, int]]  # speaker, text, seconds since 1970
SPEAKERS = ["Ann", "Bob Lee", "Ünal Çetin", "李雷", "+44 7700 900123"]


def whatsapp_android(said: Said) -> bytes:
    # The first day is above 12, so that the order of the date can be told.
    return "\n".join(f"{day(time):%d/%m/%Y, %H:%M} - {who}: {text}" for who, text, time in said).encode()


def whatsapp_ios(said: Said) -> bytes:
    lines = [f"[{day(time):%m/%d/%y, %I:%M:%S\u202f%p}] {who}: {text}" for who, text, time in said]
    return ("\u200e" + "\r\n".join(lines)).encode()


def telegram(said: Said) -> bytes:
    messages = [
        {"id": i, "type": "message", "date_unixtime": str(time), "from": who, "from_id": f"user{SPEAKERS.index(who)}",
         "text": [text[:2], {"type": "bold", "text": text[2:]}]}
        for i, (who, text, time) in enumerate(said)
    ]  # fmt: skip
    return json.dumps({"name": "x", "type": "personal_chat", "id": 1, "messages": messages}).encode()


def discord(said: Said) -> bytes:
    messages = [
        {"id": str(i), "type": "Default", "timestamp": day(time).isoformat(), "content": text,
         "author": {"id": str(SPEAKERS.index(who)), "name": who.lower(), "nickname": who}}
        for i, (who, text, time) in enumerate(said)
    ]  # fmt: skip
    return json.dumps({"guild": {"name": "g"}, "channel": {"name": "c"}, "messages": messages}).encode()


def slack(said: Said) -> bytes:
    users = [{"id": f"U{i}", "profile": {"display_name": who}} for i, who in enumerate(SPEAKERS)]
    days: dict[str, list[Any]] = {}
    for i, (who, text, time) in enumerate(said):
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        message = {"type": "message", "user": f"U{SPEAKERS.index(who)}", "text": escaped, "ts": f"{time}.{i:06d}"}
        days.setdefault(f"c/{day(time):%Y-%m-%d}.json", []).append(message)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("users.json", json.dumps(users))
        for name, messages in days.items():
            archive.writestr(name, json.dumps(messages))
    return out.getvalue()


def chatgpt(said: Said) -> bytes:
    mapping: dict[str, Any] = {"n-1": {"message": None, "parent": None, "children": ["n0"]}}
    for i, (who, text, time) in enumerate(said):
        message = {"author": {"role": who}, "create_time": time, "content": {"content_type": "text", "parts": [text]}}
        mapping[f"n{i}"] = {"message": message, "parent": f"n{i - 1}", "children": [f"n{i + 1}"]}
        mapping[f"d{i}"] = {"message": message, "parent": f"n{i - 1}", "children": []}  # a draft
    return json.dumps([{"mapping": mapping, "current_node": f"n{len(said) - 1}"}]).encode()


def vtt(said: Said) -> bytes:
    # Ten seconds between cues: nothing is joined.
    cues = [
        f"{i}\n{clock(10 * i)}.000 --> {clock(10 * i + 1)}.000\n<v {who}>{escape(text)}</v>"
        for i, (who, text, _) in enumerate(said)
    ]
    return ("WEBVTT\n\n" + "\n\n".join(cues) + "\n").encode()


def srt(said: Said) -> bytes:
    cues = [
        f"{i}\n{clock(10 * i)},000 --> {clock(10 * i + 1)},000\n{who}: {escape(text)}"
        for i, (who, text, _) in enumerate(said)
    ]
    return "\n\n".join(cues).encode()


def whisperx(said: Said) -> bytes:
    segments = [{"start": time, "end": time + 1, "text": f" {text}", "speaker": who} for who, text, time in said]
    return json.dumps({"segments": segments}).encode()


def convokit(said: Said) -> bytes:
    rows = [
        {"id": f"u{i}", "conversation_id": "u0", "speaker": who, "text": text, "timestamp": time,
         "reply-to": f"u{i - 1}" if i else None}
        for i, (who, text, time) in enumerate(said)
    ]  # fmt: skip
    return "".join(json.dumps(row) + "\n" for row in reversed(rows)).encode()


def day(time: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time)


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zs", "Zl", "Zp", "Cn", "Co")), min_size=1, max_size=7
)
# The first word is one of ours, so that no text is a remark of an app.
TEXT = st.lists(WORD, max_size=5).map(lambda words: " ".join(["so", *words]))
START = int(datetime(2024, 1, 13, tzinfo=UTC).timestamp())


@st.composite
def conversations(draw: st.DrawFn) -> Said:
    pieces = draw(st.lists(st.tuples(st.sampled_from(SPEAKERS), TEXT, st.integers(0, 10_000)), min_size=1, max_size=8))
    said, time = [], START
    for who, text, minutes in pieces:
        said.append((who, text, time))
        time += 60 * minutes
    return said


ROLES = dict(zip(SPEAKERS, ["user", "assistant", "user", "assistant", "user"], strict=True))
WRITERS: dict[str, tuple[str, Callable[[Said], bytes]]] = {
    "a.txt": ("whatsapp", whatsapp_android),
    "b.txt": ("whatsapp", whatsapp_ios),
    "result.json": ("telegram", telegram),
    "discord.json": ("discord", discord),
    "slack.zip": ("slack", slack),
    "conversations.json": ("chatgpt", chatgpt),
    "a.vtt": ("webvtt", vtt),
    "a.srt": ("srt", srt),
    "w.json": ("whisper", whisperx),
    "utterances.jsonl": ("convokit", convokit),
}


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=conversations())
def test_what_was_said_comes_back(name: str, said: Said) -> None:
    format, write = WRITERS[name]
    if format == "chatgpt":
        said = [(ROLES[who], text, time) for who, text, time in said]
    if format == "srt":  # a telephone number is no name to a subtitle reader
        said = [(who.replace("+44 7700 900123", "Ann"), text, time) for who, text, time in said]
    report = read_bytes(name, write(said))
    assert report.format == format
    (conversation,) = report.conversations
    assert [(u.speaker, u.text) for u in conversation.utterances] == [(who, text) for who, text, _ in said]
    if format not in ("webvtt", "srt"):
        rounding = 0.01 if format == "slack" else 0
        assert [u.start for u in conversation.utterances] == pytest.approx([time for _, _, time in said], abs=rounding)
    assert not report.skipped
    drafts = {"chatgpt": len(said)}.get(format, 0)
    assert sum(report.left_out.values()) == drafts
