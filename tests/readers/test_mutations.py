"""Exports that were damaged: read, or refused with FormatError, and nothing else."""

from __future__ import annotations

import copy
import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erckit.errors import FormatError
from erckit.readers import READERS, ReadReport, read_bytes
from erckit.readers.folder_tree import ReadLimits

FIXTURES = Path(__file__).parent / "fixtures"
JSON = sorted(FIXTURES.glob("*.json"))
TEXT = sorted(path for path in FIXTURES.iterdir() if path.suffix in (".txt", ".vtt", ".srt"))
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LIMITS = ReadLimits(file_bytes=10**6, total_bytes=10**6, files=100)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(10**300, 10**301) | st.floats() | st.text(max_size=4)
    | st.sampled_from(["\ud800", "<v ", "<@", "1e999", "-1", "message", "Default", "user"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["id", "text", "ts", "message", "author", "parts", "mapping", "start"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


def check(name: str, content: bytes, format: str | None = None) -> ReadReport | None:
    try:
        report = read_bytes(name, content, format=format, gap_hours=1, limits=LIMITS)
    except FormatError as error:
        assert str(error).strip().encode()  # noqa: PT017
        return None
    assert report.conversations
    told = [*report.notes, *report.left_out, *(f"{s.conversation_id} {s.reason} {s.path}" for s in report.skipped)]
    "".join(told).encode()
    for conversation in report.conversations:
        kept = [conversation.meta, [dict(u.extra) for u in conversation.utterances]]
        json.dumps(kept, allow_nan=False, ensure_ascii=False).encode()
        for utterance in conversation.utterances:
            (utterance.text + utterance.speaker + utterance.id + conversation.id).encode()
            assert utterance.speaker
            assert utterance.end is None or utterance.start is None or utterance.end >= utterance.start
    return report


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths to everything in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, entry in inner for place in places(entry, (*path, key)))]


def damaged(value: Any, place: tuple[Any, ...], new: Any, remove: bool) -> Any:
    if not place:
        return new
    value = copy.deepcopy(value)
    holder = value
    for key in place[:-1]:
        holder = holder[key]
    if remove:
        del holder[place[-1]]
    else:
        holder[place[-1]] = new
    return value


@pytest.mark.parametrize("path", JSON, ids=lambda path: path.name)
@QUICK
@given(data=st.data())
def test_json_with_anything_in_any_place(path: Path, data: st.DataObject) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    everywhere = places(value)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(everywhere))
        try:
            value = damaged(value, place, data.draw(VALUES), data.draw(st.booleans()))
        except (KeyError, IndexError, TypeError):  # an earlier damage took the place away
            continue
    report = check(path.name, json.dumps(value).encode())
    assert report is None or report.format in READERS


@pytest.mark.parametrize("path", TEXT, ids=lambda path: path.name)
@QUICK
@given(data=st.data())
def test_text_with_anything_in_any_place(path: Path, data: st.DataObject) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        line = data.draw(st.integers(0, len(lines) - 1))
        at = data.draw(st.integers(0, len(lines[line])))
        new = data.draw(
            st.text(max_size=4) | st.sampled_from(["-->", "\u200e", ": ", " - ", "[", "<v", "9999", "\n\n"])
        )
        lines[line] = lines[line][:at] + new + lines[line][at + data.draw(st.integers(0, 5)) :]
    check(path.name, "\n".join(lines).encode("utf-8", errors="surrogatepass"))


@QUICK
@given(
    path=st.sampled_from([*JSON, *TEXT]),
    format=st.sampled_from(list(READERS)),
    cut=st.integers(0, 4000),
    packed=st.booleans(),
)
def test_any_format_read_as_any_other_and_cut_off(path: Path, format: str, cut: int, packed: bool) -> None:
    content = path.read_bytes()[: cut or None]
    if packed:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(path.name, content)
        content = out.getvalue()
    check(path.name, content, format)
    check(path.name, content)


@QUICK
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 6))
def test_archives_with_flipped_bytes(seed: int, flips: int) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((FIXTURES / "slack").rglob("*.json")):
            archive.write(path, path.relative_to(FIXTURES).as_posix())
    content = bytearray(out.getvalue())
    rng = random.Random(seed)
    for _ in range(flips):
        content[rng.randrange(len(content))] = rng.randrange(256)
    check("slack.zip", bytes(content))


@pytest.mark.parametrize(
    "content",
    [
        b'{"messages":' + b"[" * 100_000,
        b'[{"mapping": {"a": {"message": {"content": {"parts": [' + b'{"x":' * 50_000,
        b'{"segments": [{"start": 1e999, "end": -1e999, "text": "x", "speaker": "A"}]}',
        b'{"segments": [{"start": ' + b"9" * 5000 + b', "text": "x"}]}',
        b'{"segments": [{"start": -5, "end": NaN, "text": "\\ud800x\\u0000"}]}',
        b'{"name": "a", "name": "b", "type": "t", "messages": [{"id": 1, "date": "", "text": "x"}]}',
        b"WEBVTT\n\n" + b"00:00.000 --> 00:01.000\n" * 20_000,
        b"1/1/24, 10:00 - A: " + b"x" * 1_000_000,
        b"1/1/24, 10:00 - " + b"A: " * 300_000,
        b"1/1/24, 10:00 - " + "\u200e<".encode() * 200_000,
        b"1/1/24, 10:00 - A: " + b"<a " * 300_000,
        b"\n".join(b"1/1/24, 10:00 - P%d: x" % i for i in range(8_000)),
    ],
    ids=range(12),
)  # fmt: skip
def test_what_is_made_to_hurt(content: bytes) -> None:
    check("x", content[: LIMITS.file_bytes])
    check("x.json", content[: LIMITS.file_bytes])
