"""Long runs of what nobody writes by chance, in every place of every format: read or refused within a second.

Seconds are those of the processor, so that a busy machine changes nothing. What grows with the square of a text takes
many seconds at a hundred thousand characters already; a megabyte is read of the shapes that were slow once.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from erckit.errors import FormatError
from erckit.prompting.annotation.biography_request import clean_biography
from erckit.prompting.annotation.extract_annotator import extract_biography
from erckit.prompting.context.biography_search import biography_sentences
from erckit.readers import read_bytes

FIXTURES = Path(__file__).parent / "fixtures"
SIZE = 100_000
LARGE = 1_000_000
LINES = 2_000
MOST_SECONDS = 1.0
# Runs of one thing, and beginnings of what a format looks for, over and over without an end.
SHAPES = (
    " ", "0", "a", "é", ".", "-", "<", ">", "[", "(", "{", "{\\", '"', "'", ":", ";", ",", "|", "#", "\t", "\u3000",
    "\u200e", "\ufeff", "\0", "\x1b[", "a ", "a: ", "A:", "[a] ", "[]", "(a", "<a ", "<v ", "<v.", "<v a>", "</", "<@",
    "<@1", "<:a", "<b", "<0", "<0:", "&", "&amp", "&amp;", "&#", ">>", "--> ", "0:", "0:00 ", "00:00:01.000 --> ",
    "1-", "1-1", "[0:0", "1/1/20", "1/1/2020, ", "[1/1/2020, 1:11] ", "WEBVTT ", "NOTE ", "{}", '{"a":', "[[", "\\u",
    "\\", "Dr. ", "a. ", "a 1, ", "\u200e<", "<image omitted", "image omitted ", "\U0001f600", "e\u0301", "\u200d",
)  # fmt: skip
WERE_SLOW = ("<a ", " ", "<v ", "<v.", "1", ",")
FRAMES = {
    "transcript.txt": "Ana: hi\nBen: {}x\n",
    "transcript_name.txt": "Ana: hi\n{}: hi\n",
    "android.txt": "01/02/2024, 10:00 - Ana: hi\n01/02/2024, 10:01 - Ben: {}x>\n",
    "android_angle.txt": "01/02/2024, 10:00 - Ana: hi\n01/02/2024, 10:01 - Ben: <{}>\n",
    "ios.txt": "[01/02/2024, 10:00:00] Ana: hi\n[01/02/2024, 10:00:00] Ben: \u200e<{}\n",
    "cues.vtt": "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\n{}\n",
    "cue_id.vtt": "WEBVTT\n\n{}\n00:00:01.000 --> 00:00:02.000\n<v Ana>hi</v>\n",
    "cue_times.vtt": "WEBVTT\n\n00:00:01.000 --> 00:00:02.000{}\n<v Ana>hi</v>\n",
    "cues.srt": "1\n00:00:01,000 --> 00:00:02,000\n[Ana]: {}\n",
    "table.csv": "speaker,text\nAna,hi\nBen,{}\n",
    "table_quoted.csv": 'speaker,text\nAna,"{}\n',
    "header.csv": "speaker,text,{}\nAna,hi,1\n",
    "lines.jsonl": '{{"utterances": [{{"speaker": "Ana", "text": "{}"}}]}}\n',
    "broken.json": "{}",
}


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _read(name: str, content: str | bytes) -> None:
    try:
        read_bytes(name, content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    except FormatError as error:
        assert len(str(error)) < 2000  # noqa: PT017


def _slow(contents: dict[str, Callable[[], object]]) -> dict[str, float]:
    return {shape: spent for shape, work in contents.items() if (spent := _seconds(work)) >= MOST_SECONDS}


def _long(frame: str, shapes: tuple[str, ...], size: int) -> dict[str, Callable[[], object]]:
    return {
        shape: lambda shape=shape: _read(frame, FRAMES[frame].format(shape * (size // len(shape)))) for shape in shapes
    }


@pytest.mark.parametrize("frame", FRAMES)
def test_one_long_line(frame: str) -> None:
    assert _slow(_long(frame, SHAPES, SIZE)) == {}


@pytest.mark.parametrize("frame", FRAMES)
def test_one_line_of_a_megabyte(frame: str) -> None:
    assert _slow(_long(frame, WERE_SLOW, LARGE)) == {}


@pytest.mark.parametrize("frame", FRAMES)
def test_many_short_lines(frame: str) -> None:
    """A shape on every line of one entry, and in an entry of its own each time."""
    head, _, tail = FRAMES[frame].format("\uffff").partition("\uffff")
    works: dict[str, Callable[[], object]] = {}
    for shape in SHAPES[::4]:
        works[f"lines {shape}"] = lambda shape=shape: _read(frame, FRAMES[frame].format(f"{shape}\n" * LINES))
        works[f"entries {shape}"] = lambda shape=shape: _read(frame, f"{head}{shape}{tail}" * (LINES // 2))
    assert _slow(works) == {}


def _with_body(value: Any, body: str) -> Any:
    """A JSON value with ``body`` in place of what is said in it."""
    if isinstance(value, dict):
        return {
            key: body if key in ("text", "content") and isinstance(inner, str) else _with_body(inner, body)
            for key, inner in value.items()
        }
    return [_with_body(inner, body) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_exports_in_json(path: Path) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    texts = json.dumps(value).count('"text"') + json.dumps(value).count('"content"') + 1
    works = {}
    for shape in SHAPES:
        body = shape * (SIZE // len(shape) // texts)
        works[shape] = lambda body=body: _read(path.name, json.dumps(_with_body(value, body)))
    assert _slow(works) == {}


@pytest.mark.parametrize("folder", ["slack", "convokit"])
def test_exports_of_several_files(folder: str) -> None:
    def packed(body: str) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            for path in sorted((FIXTURES / folder).rglob("*.json*")):
                whole = path.read_text(encoding="utf-8").strip()
                if path.name == "2024-06-01.json":  # cut off on purpose
                    continue
                values = whole.splitlines()[:3] if path.suffix == ".jsonl" else [whole]
                text = "\n".join(json.dumps(_with_body(json.loads(value), body)) for value in values)
                archive.writestr(path.relative_to(FIXTURES / folder).as_posix(), text)
        return out.getvalue()

    works = {}
    for shape in SHAPES:
        content = packed(shape * (SIZE // len(shape) // 12))
        works[shape] = lambda content=content: _read("export.zip", content)
    assert _slow(works) == {}


def test_biographies() -> None:
    """What a model wrote about somebody, which a stranger's words can steer."""
    works: dict[str, Callable[[], object]] = {}
    for shape in SHAPES:
        body = shape * (SIZE // len(shape))
        works[f"sentences {shape}"] = lambda body=body: biography_sentences(f"Ana is {body}")
        works[f"cleaned {shape}"] = lambda body=body: clean_biography(f"Ana is {body}", 60)
        works[f"extracted {shape}"] = lambda body=body: extract_biography(f"Felt so far: {body}", ["hi"])
    assert _slow(works) == {}
