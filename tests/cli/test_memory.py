"""``erckit memory``, from the command line to the disk."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

pytest.importorskip("lancedb", reason="the extra 'memory' is not installed")

from erckit import read_conversations
from erckit.cli.main import main
from erckit.cli.memory_text import time_text
from erckit.memory.biography import Biography
from erckit.memory.remembered import Remembered
from erckit.memory.store.lance_store import LanceStore

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A memory of two speakers and a biography."""
    store = LanceStore(tmp_path / "m")
    said = [("Ana", "I got the job!"), ("Ben", "Leave me alone."), ("Ana", "\x1b[31mred\x1b[0m"), ("Ben", "Größe 🙂")]
    scores = [{"Joyful": 0.75, "Mad": 0.25}, {"Joyful": 0.1, "Mad": 0.9}]
    rows = [
        Remembered(
            speaker, "chat", str(i), 1_700_000_000.0 + i, text, [1.0, float(i)], "everyday", scores[i % 2], "Mad"
        )  # type: ignore[arg-type]
        for i, (speaker, text) in enumerate(said)
    ]
    store.append(rows)
    store.set_biography("Ana", Biography("Warm and quick to laugh.", "h", "a friend"))
    return tmp_path / "m"


def _run(capsys: Capture, *arguments: object) -> tuple[int, str, str]:
    code = main(["memory", *map(str, arguments)])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_stats(folder: Path, capsys: Capture) -> None:
    code, out, err = _run(capsys, "stats", "--memory", folder)
    assert (code, err) == (0, "")
    words = dict(re.split(r"  +", line, maxsplit=1) for line in out.splitlines())
    assert (words["utterances"], words["speakers"], words["biographies"]) == ("4", "2", "1")
    assert words["models"] == "everyday 4"
    code, out, _ = _run(capsys, "stats", "--memory", folder, "--json", "--namespace", "default")
    assert json.loads(out)["utterances"] == 4
    assert _run(capsys, "stats", "--memory", folder, "--namespace", "x' OR '1")[0] == 1


def test_show(folder: Path, capsys: Capture) -> None:
    code, out, _ = _run(capsys, "show", " Ana", "--memory", folder, "-n", 1)
    assert code == 0
    assert "2 utterances in 1 conversation\n" in out
    assert "Joyful 0.75, Mad 0.25" in out
    assert "Warm and quick to laugh. (by a friend)" in out
    assert "got the job" not in out
    assert "?[31mred" in out
    assert "\x1b" not in out  # what people wrote does not drive the terminal
    code, out, err = _run(capsys, "show", "ana", "--memory", folder)
    assert (code, out) == (1, "")
    assert "nothing is known of 'ana'" in err
    assert "Did you mean 'everyday'" in _run(capsys, "show", "Ana", "--memory", folder, "--model", "evryday")[2]


def test_forget_asks(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    code, out, err = _run(capsys, "forget", "Ana", "--memory", folder)
    assert (code, out) == (2, "")
    assert "--yes" in err

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    code, out, err = _run(capsys, "forget", "Ana", "--memory", folder)
    assert (code, out.strip()) == (0, "")
    assert "2 utterances and the biography of 'Ana'" in err
    assert "nothing was forgotten" in err
    assert len(LanceStore(folder).last(["Ana"], 9)[0]) == 2
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    code, out, _ = _run(capsys, "forget", "Ana", "--memory", folder)
    assert (code, out.strip()) == (0, "forgot 2 utterances and the biography of 'Ana'")
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"got the job" not in everything
    assert b"quick to laugh" not in everything
    assert b"Leave me alone" in everything
    assert _run(capsys, "forget", "Ana", "--memory", folder, "--yes")[0] == 1
    assert _run(capsys, "forget", "Ben", "--memory", folder, "--yes", "-q")[:2] == (0, "forgot 2 utterances of 'Ben'\n")


def test_export_is_what_label_reads(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "out.jsonl"
    code, printed, err = _run(capsys, "export", "--memory", folder, "-o", out, "--vectors")
    assert (code, printed) == (0, "")
    assert err.count("wrote ") == 2
    (line,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert line["meta"] == {"namespace": "default", "model": "everyday"}
    assert line["utterances"][1] | {"speaker": ""} == {
        "id": "1",
        "speaker": "",
        "text": "Leave me alone.",
        "start": 1_700_000_001.0,
        "emotion": "Mad",
        "predicted": "Mad",
        "confidence": 0.9,
        "scores": {"Joyful": 0.1, "Mad": 0.9},
        "vector": [1.0, 1.0],
    }
    assert not {"Ana", "Ben"} & {utterance["speaker"] for utterance in line["utterances"]}
    (conversation,) = read_conversations(out).conversations
    assert [utterance.text for utterance in conversation.utterances][1::2] == ["Leave me alone.", "Größe 🙂"]
    (biography,) = (tmp_path / "out.biographies.jsonl").read_text().splitlines()
    assert json.loads(biography)["text"] == "Warm and quick to laugh."
    assert json.loads(biography)["speaker"] == line["utterances"][0]["speaker"]


def test_export_of_one_speaker_has_the_name(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["memory", "export", "--memory", str(folder), "--speaker", "Ben"]) == 0
    out, err = capfdbinary.readouterr()
    (line,) = map(json.loads, out.decode().splitlines())
    assert [utterance["speaker"] for utterance in line["utterances"]] == ["Ben", "Ben"]
    assert err == b""
    assert main(["memory", "export", "--memory", str(folder)]) == 0
    assert b"left out: biographies (1)" in capfdbinary.readouterr().err
    assert main(["memory", "export", "--memory", str(folder), "--speaker", "Zoe"]) == 1


def test_wrong_places_are_told(folder: Path, tmp_path: Path, capsys: Capture) -> None:
    assert "no .jsonl file" in _run(capsys, "export", "--memory", folder, "-o", tmp_path / "out.csv")[2]
    assert "inside the speaker memory" in _run(capsys, "export", "--memory", folder, "-o", folder / "out.jsonl")[2]
    nowhere = tmp_path / "nowhere"
    for command in (["stats"], ["show", "Ana"], ["forget", "Ana", "--yes"], ["export"], ["compact"]):
        code, out, err = _run(capsys, *command, "--memory", nowhere)
        assert (code, out) == (1, "")
        assert "no speaker memory is here" in err
    assert not nowhere.exists()


def test_the_default_folder_is_in_the_cache(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path))
    assert _run(capsys, "create", "--no-text")[:2] == (0, f"{tmp_path / 'memory'}\n")
    assert "not kept" in _run(capsys, "stats")[1]
    assert "already" in _run(capsys, "create")[2]
    assert "nothing to do" in _run(capsys, "migrate")[1]


def test_compact(folder: Path, capsys: Capture) -> None:
    LanceStore(folder).append([Remembered("Ana", "c", "u", 1.0)])
    code, out, _ = _run(capsys, "compact", "--memory", folder)
    assert code == 0
    assert out.startswith("2 files of utterances became 1; ")
    assert LanceStore(folder).stats().utterances == 5


def test_times_that_are_no_dates_stay_numbers() -> None:
    assert time_text(12.0) == "12"
    assert time_text(-1e300) == "-1e+300"
    assert re.fullmatch(r"2023-11-1\d \d\d:\d\d", time_text(1_700_000_000.0))
