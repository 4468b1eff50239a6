from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from erckit.errors import FormatError
from erckit.readers import read_bytes, read_conversations
from erckit.readers.folder_tree import ReadLimits

FIXTURES = Path(__file__).parent / "fixtures"
CHAT = (FIXTURES / "whatsapp_ios_de.txt").read_bytes()


def packed(files: dict[str, bytes] | list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items() if isinstance(files, dict) else files:
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_whatsapp_archive_is_read_like_its_text(tmp_path: Path, method: int) -> None:
    data = packed({"_chat.txt": CHAT, "00000001-PHOTO.jpg": b"\xff\xd8", "__MACOSX/._chat.txt": b"\0"}, method)
    path = tmp_path / "WhatsApp Chat - Wandern.zip"
    path.write_bytes(data)
    report, plain = read_conversations(path), read_conversations(FIXTURES / "whatsapp_ios_de.txt")
    assert report.conversations[0].utterances == plain.conversations[0].utterances
    assert (report.conversations[0].id, report.left_out) == ("WhatsApp Chat - Wandern", plain.left_out)
    assert read_bytes(path.name, data).conversations == report.conversations


@pytest.mark.parametrize("folder", ["slack", "convokit"])
def test_archive_of_a_folder_is_read_like_the_folder(folder: str) -> None:
    root = FIXTURES / folder
    for prefix in ("", "export/"):
        files = {prefix + f.relative_to(root).as_posix(): f.read_bytes() for f in root.rglob("*") if f.is_file()}
        report = read_bytes("x.zip", packed(files))
        assert report.format == folder
        assert report.conversations == read_conversations(root).conversations


def test_the_chats_of_an_archive_are_found_among_other_files() -> None:
    chats = (FIXTURES / "conversations.json").read_bytes()
    data = packed(
        {"conversations.json": chats, "user.json": b"{}", "chat.html": b"<html>", "message_feedback.json": b"[]"}
    )
    assert read_bytes("export.zip", data).format == "chatgpt"
    telegram = (FIXTURES / "telegram.json").read_bytes()
    assert read_bytes("e.zip", packed({"ChatExport/result.json": telegram, "a.json": b"{}"})).format == "telegram"
    assert read_bytes("e.zip", packed({"talk.csv": b"speaker,text\nAnn,hi"})).format == "csv"


@pytest.mark.parametrize(
    "name", ["../_chat.txt", "/etc/_chat.txt", "a/../../_chat.txt", "C:/_chat.txt", "..\\_chat.txt"]
)
def test_names_outside_of_the_archive_are_refused(name: str) -> None:
    with pytest.raises(FormatError, match="outside of itself"):
        read_bytes("x.zip", packed({"_chat.txt": CHAT, name: b"x"}))


def test_names_in_messages_do_not_drive_a_terminal() -> None:
    for name in ("a\x1b]0;owned\x07.png", "../\x1b[2J\x9b1m\u202e"):
        with pytest.raises(FormatError) as caught:
            read_bytes("x\x1b.zip", packed({name: b"x"}))
        assert str(caught.value).isprintable()


def test_links_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("_chat.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(FormatError, match="holds the link '_chat"):
        read_bytes("x.zip", out.getvalue())


def test_bombs_are_refused() -> None:
    with pytest.raises(FormatError, match="more than 250 times its size"):
        read_bytes("x.zip", packed({"_chat.txt": CHAT + b"0" * 20_000_000}))
    small = ReadLimits(file_bytes=100)
    with pytest.raises(FormatError, match="unpacks to more than 100 bytes"):
        read_bytes("x.zip", packed({"_chat.txt": CHAT}), limits=ReadLimits(total_bytes=100))
    with pytest.raises(FormatError, match="more than 100 bytes"):
        read_bytes("x.txt", CHAT, limits=small)
    with pytest.raises(FormatError, match="more than 3 files"):
        read_bytes("x.zip", packed({f"{i}.txt": b"x" for i in range(4)}), limits=ReadLimits(files=3))


def test_many_small_files_are_a_bomb_too() -> None:
    chat = CHAT + b"0" * 500_000
    assert read_bytes("x.zip", packed({"_chat.txt": chat})).utterances
    many = {f"{n}/_chat.txt": chat for n in range(12)}
    with pytest.raises(FormatError, match="holds files that together unpack to more than 250 times its size"):
        read_bytes("x.zip", packed(many))


def test_lines_and_entries_are_counted_over_all_files() -> None:
    one = b"Ana: hi\n" * 60
    assert read_bytes("x.txt", one, limits=ReadLimits(entries=60)).utterances == 60
    rows = b'{"utterances": [' + b'{"speaker": "A", "text": ""},' * 60 + b'{"speaker": "A", "text": ""}]}'
    two = packed({"a/_chat.txt": CHAT, "b/_chat.txt": CHAT})
    for name, data in (("x.txt", one), ("x.jsonl", rows), ("x.zip", two)):
        with pytest.raises(FormatError, match=f"{name}: holds more than 18 lines or entries. Split"):
            read_bytes(name, data, limits=ReadLimits(entries=18))
    assert len(read_bytes("x.zip", two, limits=ReadLimits(entries=2 * CHAT.count(b"\n"))).conversations) == 2


def test_size_that_lies_is_found_out() -> None:
    """The directory of the archive says ten bytes; far more are packed."""
    data = bytearray(packed({"_chat.txt": CHAT + b"0" * 5_000_000}))
    size = (len(CHAT) + 5_000_000).to_bytes(4, "little")
    at = data.rindex(size)
    data[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(FormatError, match=r"x\.zip/_chat\.txt: cannot be unpacked"):
        read_bytes("x.zip", bytes(data))


def test_broken_archives() -> None:
    whole = packed({"_chat.txt": CHAT})
    for data in (whole[:100], whole[:-10], b"PK\x03\x04rest", b"PK\x05\x06" + bytes(18)):
        with pytest.raises(FormatError, match=r"x\.zip.*zip archive"):
            read_bytes("x.zip", data)
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = packed([("_chat.txt", CHAT), ("_chat.txt", b"x")])
    with pytest.raises(FormatError, match="twice"):
        read_bytes("x.zip", twice)
    # Found by benchmarks/fuzz_readers.py: zipfile itself stumbles over a name of no characters.
    nameless = packed({"_chat.txt": CHAT, "Q.txt": b"x"}).replace(b"Q.txt", b"\0.txt")
    with pytest.raises(FormatError, match="without a name"):
        read_bytes("x.zip", nameless)
    encrypted = bytearray(whole)
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        encrypted[encrypted.index(magic) + offset] |= 1
    with pytest.raises(FormatError, match="is encrypted"):
        read_bytes("x.zip", bytes(encrypted))


def test_archives_of_something_else() -> None:
    with pytest.raises(FormatError, match="office document"):
        read_bytes("a.docx", packed({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"}))
    with pytest.raises(FormatError, match=r"no chat export erckit knows \(it holds 'a\.png'\).*whatsapp"):
        read_bytes("a.zip", packed({"a.png": b"\x89PNG"}))
    vtt = b"WEBVTT\n\n00:01.000 --> 00:02.000\nhi"
    both = packed({"a.vtt": vtt, "b.json": (FIXTURES / "discord.json").read_bytes()})
    with pytest.raises(FormatError, match="several formats"):
        read_bytes("a.zip", both)
