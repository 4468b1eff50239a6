"""``erckit stream``: in a pipe, line by line, whatever the lines hold."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warm_python import WarmProcess, WarmPython

from erckit.cli.main import main
from erckit.cli.stream import MAX_LINE, LineError, _answer, _arrived, _parse
from erckit.conversation import Conversation, Utterance
from erckit.labelling import Labeler
from erckit.labelling.stream.stream_pool import StreamPool
from erckit.memory.store.open_store import open_store


@pytest.fixture(scope="module")
def labeler(trained_folder: Path) -> Labeler:
    return Labeler.from_pretrained(trained_folder, precision="fp32")


Started = Callable[..., "WarmProcess | subprocess.Popen[bytes]"]


@pytest.fixture
def started(warm_python: WarmPython, trained_folder: Path) -> Iterator[Started]:
    """``started(*options)``: the command in a process of its own, killed at the end."""
    processes = []

    def start(*options: str) -> WarmProcess | subprocess.Popen[bytes]:
        process = warm_python.start(
            *("-m", "erckit", "stream", "--model", str(trained_folder), *options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONIOENCODING": "ascii"},
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def _line(**fields: Any) -> bytes:
    return json.dumps({"conversation": "a", "speaker": "Ana", **fields}).encode() + b"\n"


def _asked(process: WarmProcess | subprocess.Popen[bytes], line: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    process.stdin.flush()
    return json.loads(process.stdout.readline())


@pytest.mark.process
def test_each_line_is_answered_before_the_next_is_sent(started: Started, labeler: Labeler) -> None:
    process = started("--precision", "fp32", "--min-confidence", "0.99")
    texts = ["hello dog", "red häuse", "so sad"]
    answers = [_asked(process, _line(text=text, id=f"u{i}")) for i, text in enumerate(texts)]
    assert "line" in _asked(process, b"nonsense\n")["error"]
    answers.append(_asked(process, _line(text="bye")))
    out, error = process.communicate()  # end of input
    assert process.returncode == 0
    assert out == b""
    assert b"labelled 4 utterances" in error
    assert b"answered with an error: 1" in error
    said = [Utterance(str(i), "Ana", text) for i, text in enumerate([*texts, "bye"])]
    (batch,) = labeler.label(Conversation("a", tuple(said)))
    assert [answer["id"] for answer in answers] == ["u0", "u1", "u2", "4"]
    for answer, prediction in zip(answers, batch.predictions, strict=True):
        assert answer["conversation"] == "a"
        assert answer["label"] is None
        assert "below 0.99" in answer["reason"]
        assert answer["scores"] == pytest.approx(prediction.scores, abs=1e-4)
        assert answer["confidence"] == pytest.approx(prediction.confidence, abs=1e-4)


@pytest.mark.process
def test_the_memory_outlasts_the_process(started: Started, tmp_path: Path) -> None:
    pytest.importorskip("lancedb")
    answers = []
    for options in ([], ["--read-only"]):
        process = started("--memory", str(tmp_path / "speakers"), "--precision", "fp32", *options)
        answers.append(_asked(process, _line(text="hello dog", conversation=f"c{len(answers)}")))
        process.communicate()
        assert process.returncode == 0
    cold, warm = [list(answer["scores"].values()) for answer in answers]
    assert warm != pytest.approx(cold, abs=1e-3)
    store = open_store(tmp_path / "speakers")
    assert [row.conversation for row in store.last(["Ana"], 9)[0]] == ["c0"]  # what only read left nothing


@pytest.mark.process
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupt_and_a_reader_that_left(started: Started) -> None:
    process = started()
    _asked(process, _line(text="hello dog"))
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"stopped\nlabelled" in error
    assert b"Traceback" not in error
    process = started()
    assert process.stdin is not None
    assert process.stdout is not None
    _asked(process, _line(text="hello dog"))
    process.stdout.close()
    for _ in range(2):  # the answer to the first one meets a closed pipe
        try:
            process.stdin.write(_line(text="red house"))
            process.stdin.flush()
        except BrokenPipeError:
            break
    assert process.wait(timeout=60) == 141
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()


def test_usage_errors(capsys: pytest.CaptureFixture[str]) -> None:
    for options in (["--idle-seconds", "0"], ["--precision", "fp31"], ["--max-conversations", "0"]):
        assert main(["stream", *options]) == 2
        assert options[0] in capsys.readouterr().err


def _lines(data: bytes, sizes: list[int]) -> list[tuple[int, bytes | None]]:
    """What is read of ``data`` that arrives in pieces."""
    reading, writing = os.pipe()
    found: list[tuple[int, bytes | None]] = []
    source = _arrived(reading)
    try:
        for size in [*sizes, len(data)]:
            piece, data = data[:size], data[size:]
            if piece:
                os.write(writing, piece)
                if piece.count(b"\n"):
                    found += next(source)
    finally:
        os.close(writing)
    for lines in source:
        found += lines
    os.close(reading)
    return found


@settings(max_examples=40)
@given(
    lines=st.lists(st.binary(max_size=9).filter(lambda line: b"\n" not in line), max_size=20),
    sizes=st.lists(st.integers(1, 9), max_size=9),
    has_end=st.booleans(),
)
def test_lines_are_those_of_the_input_however_it_arrives(lines: list[bytes], sizes: list[int], has_end: bool) -> None:
    data = b"\n".join(lines) + (b"\n" if has_end and lines else b"")
    expected = data.split(b"\n")
    expected = expected[:-1] if not expected[-1] else expected
    assert _lines(data, sizes) == list(enumerate(expected, 1))


def test_a_line_without_end_is_refused_and_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"a\n" + b"x" * (3 * MAX_LINE) + b"\nb\n" + b"y" * (2 * MAX_LINE))
    with path.open("rb") as file:
        assert [pair for lines in _arrived(file.fileno()) for pair in lines] == [
            (1, b"a"), (2, None), (3, b"b"), (4, None),
        ]  # fmt: skip


BAD = {
    b"": "not JSON",
    b"[1]": "not an object",
    b"\xff": "not UTF-8",
    b"[" * 100_000: "not JSON",
    b'{"conversation": "a", "speaker": "b", "text": NaN}': "NaN is no number",
    b'{"speaker": "b", "text": "c"}': "'conversation' is missing",
    b'{"conversation": true, "speaker": "b", "text": "c"}': "'conversation' is true",
    b'{"conversation": "a", "speaker": 3, "text": "c"}': "'speaker' is 3",
    b'{"conversation": "a", "speaker": "b", "text": ["c"]}': "'text' is",
    b'{"conversation": "a", "speaker": "b", "text": "c", "id": {}}': "'id' is {}",
    b'{"conversation": "a", "speaker": "b", "text": "c", "time": "now"}': "'time' is",
    b'{"conversation": "a", "speaker": "b", "text": "c", "time": 1e999}': "'time' is",
    b'{"conversation": "a", "speaker": "b", "text": "c", "time": true}': "'time' is",
}


@pytest.mark.parametrize("line", BAD)
def test_bad_lines_say_what_is_wrong(line: bytes) -> None:
    with pytest.raises(LineError, match=BAD[line]):
        _parse(line)


@given(st.one_of(st.binary(max_size=40), st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["conversation", "speaker", "text", "id", "time"]), inner),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_any_line_is_an_utterance_or_a_line_error(line: bytes) -> None:
    with contextlib.suppress(LineError):  # and no other
        assert isinstance(_parse(line).text, str)


def test_numbers_for_ids_and_odd_texts(labeler: Labeler, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    lines = [
        b'{"conversation": 7, "speaker": "", "text": "", "id": 3, "time": 1.5e9, "more": []}',
        b"  ",
        b'\xef\xbb\xbf{"conversation": "\\ud83d", "speaker": "\\ud83d", "text": "\\ud83d \\u0000 [SEP]"}\r',
        b"x",
        b'{"conversation": 7, "speaker": "b", "text": "hello"}',
    ]
    answers = list(_answer(StreamPool(labeler), list(enumerate(lines, 5))))
    assert answers == [True, True, False, True]
    out = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [one.get("conversation") for one in out] == ["7", "\ud83d", None, "7"]
    assert [one.get("id") for one in out] == ["3", "1", None, "4"]
    assert out[2]["error"]["line"] == 8
