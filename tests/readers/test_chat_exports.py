"""Exports of Slack, Discord, Telegram and ChatGPT: the fixtures hold every trap, the tests say what becomes of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from erckit.conversation import Conversation
from erckit.errors import FormatError
from erckit.readers import ReadReport, read_bytes, read_conversations
from erckit.readers.formats.telegram import telegram_text

FIXTURES = Path(__file__).parent / "fixtures"


def said(conversation: Conversation) -> list[tuple[str, str]]:
    return [(u.speaker, u.text) for u in conversation.utterances]


def by_id(report: ReadReport) -> dict[str, Conversation]:
    return {conversation.id: conversation for conversation in report.conversations}


def read(value: Any, name: str = "x.json") -> ReadReport:
    return read_bytes(name, json.dumps(value).encode())


def test_slack_folder() -> None:
    report = read_conversations(FIXTURES / "slack")
    found = by_id(report)
    assert list(found) == ["Hana, Sam Osei (U02)", "release", "release/1717056120.000300"]
    assert said(found["release"]) == [
        ("Hana", "Morning @here, the build is red again & I am fed up"),
        ("deploybot", "Build 7 failed"),
        ("noor", "Guest here, great work"),
        ("Sam Osei (U03)", "bye all"),
        ("Sam Osei (U02)", "Cake for @Hana:tada:"),
    ]
    # The thread holds the message that opens it and its replies in the order of their times, not of the file.
    assert said(found["release/1717056120.000300"]) == [
        ("Sam Osei (U02)", "@Hana is it run 7? See #release and ci@example.org"),
        ("Sam Osei (U02)", "I restarted it, 1 < 2 tries"),
        ("Hana", "Yes. It works now, thank you so much!"),
    ]
    first, bot = found["release"].utterances[:2]
    assert (first.id, first.extra) == ("1717056060.000200", {"reactions": {"sob": 1}})
    assert first.start == pytest.approx(1717056060.0002)
    assert bot.extra == {"bot": True}
    assert report.left_out == {"messages of Slack itself (channel_join)": 1, "files without text": 1}
    assert [(s.what, Path(s.path).name) for s in report.skipped] == [("day", "2024-06-01.json")]
    assert "skipped 1 day" in report.line()


def test_one_day_and_one_channel_of_slack(tmp_path: Path) -> None:
    day = FIXTURES / "slack" / "release" / "2024-05-31.json"
    assert read_conversations(day).format == "slack"
    shutil.copytree(FIXTURES / "slack" / "release", tmp_path / "release")
    report = read_conversations(tmp_path / "release")
    assert (report.format, report.conversations[0].id) == ("slack", "release")
    assert report.conversations[0].utterances[0].speaker == "U01"  # nothing says what U01 is called


def test_discord() -> None:
    report = read_conversations(FIXTURES / "discord.json")
    (conversation,) = report.conversations
    assert (conversation.id, conversation.meta["guild"]) == ("raid-night", "Night Owls")
    # The file begins with the newest message, and two people are called Moss.
    assert said(conversation) == [
        ("kestrel", "anyone up? @Moss (502)"),
        ("Moss (502)", "YES :party:"),
        ("raidbot", "Raid starts in 5 minutes"),
        ("Moss (504)", "I am the other Moss, and I am scared"),
        ("kestrel", "look"),
    ]
    extras = [u.extra for u in conversation.utterances]
    assert extras == [
        {},
        {"edited": True, "reply_to": "902"},
        {"bot": True},
        {"reactions": {"\U0001f631": 2}},
        {"media": True},
    ]
    assert conversation.utterances[0].start == pytest.approx(1709323860.123)
    assert report.left_out == {"messages of Discord itself (joins, pins, calls)": 1, "media without text": 1}


def test_folder_of_discord_channels(tmp_path: Path) -> None:
    value = json.loads((FIXTURES / "discord.json").read_text(encoding="utf-8"))
    for name in ("a", "b"):
        value["channel"]["name"] = name
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
    (tmp_path / "readme.txt").write_text("Two channels.")
    report = read_conversations(tmp_path)
    assert (report.format, [c.id for c in report.conversations]) == ("discord", ["a", "b"])


def test_telegram_chat() -> None:
    report = read_conversations(FIXTURES / "telegram.json")
    (conversation,) = report.conversations
    assert (conversation.id, conversation.meta) == ("Choir", {"id": 4242, "type": "private_group"})
    assert said(conversation) == [
        ("Ola (user11)", "See https://example.org and smile!"),
        ("Ola (user12)", "I am the other Ola and I do not smile"),
        ("user13", "account gone"),
        ("Ola (user11)", "\U0001f602"),
        ("Ola (user11)", "my cat, asleep"),
    ]
    assert conversation.utterances[0].start == 1711965660
    assert conversation.utterances[1].extra == {"reply_to": "2", "edited": True}
    assert report.left_out == {
        "service messages (calls, joins, pins)": 1,
        "media without text": 1,
        "messages without text": 1,
    }


def test_telegram_account() -> None:
    report = read_conversations(FIXTURES / "telegram_full.json")
    assert [c.id for c in report.conversations] == ["Choir", "chat 11", "Choir#2"]
    assert [(s.conversation_id, s.reason.split(";")[0]) for s in report.skipped] == [
        ("Calls only", "it has no message with text"),
        ("Broken", "it has no list of 'messages'"),
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (["a", {"type": "x", "text": "b"}, 3, None, {"type": "y"}, "c"], "abc"),
        ([], ""),
        (None, None),
        (3, None),
    ],
)
def test_telegram_text(value: Any, text: str | None) -> None:
    assert telegram_text(value) == text


def test_chatgpt() -> None:
    report = read_conversations(FIXTURES / "conversations.json")
    found = by_id(report)
    assert list(found) == ["c-tomato", "c-lost"]
    assert said(found["c-tomato"]) == [
        ("user", "My tomato plants are dying, help!"),
        ("assistant", "I am sorry to hear that. Are the leaves yellow?"),
        ("user", "Yes, look"),
        ("assistant", "Too much water."),
    ]
    assert [u.id for u in found["c-tomato"].utterances] == ["u1", "a1b", "u2", "a2"]
    assert found["c-tomato"].utterances[0].start == 1714000000.5
    assert found["c-tomato"].meta == {"title": "Tomatoes"}
    assert said(found["c-lost"]) == [("user", "hello"), ("assistant", "hi")]  # and the circle ends
    assert report.left_out == {
        "system messages": 1,
        "hidden messages (custom instructions, memory)": 1,
        "calls of tools": 1,
        "answers of tools": 1,
        "media without text": 1,
        "messages of drafts that were given up (other branches)": 1,
    }
    assert [s.conversation_id for s in report.skipped] == ["c-empty", "c-none"]


def test_path_of_ten_thousand_messages() -> None:
    nodes = {
        str(i): {
            "parent": str(i - 1) if i else None,
            "message": {"author": {"role": "user"}, "content": {"content_type": "text", "parts": [f"m{i}"]}},
        }
        for i in range(10_000)
    }
    (conversation,) = read([{"mapping": nodes, "current_node": "9999"}]).conversations
    assert [u.text for u in conversation.utterances] == [f"m{i}" for i in range(10_000)]


@pytest.mark.parametrize(
    ("value", "format"),
    [
        ({"guild": {}, "channel": {}, "messages": []}, "discord"),
        ({"name": "x", "type": "y", "messages": []}, "telegram"),
        ([{"mapping": {}}], "chatgpt"),
        ([{"type": "message", "ts": "1", "subtype": "channel_join"}], "slack"),
        ({"segments": [{"text": "", "start": 0}]}, "whisper"),
    ],
)
def test_exports_without_an_utterance(value: Any, format: str) -> None:
    with pytest.raises(FormatError, match="only conversation cannot be read: it has no message with text"):
        read(value)
    with pytest.raises(FormatError):
        read_bytes("x.json", b'{"messages": 3}', format=format)


def test_json_that_no_known_program_wrote_names_what_is_known() -> None:
    with pytest.raises(FormatError, match=r"--format: transcript, jsonl, .*telegram.*convokit"):
        read({"a": 1})
