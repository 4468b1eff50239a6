"""``erckit annotate`` and ``erckit prompts``, without any model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from erckit.cli.main import main

CHAT = "Ana: I have never been to the sea before.\nBen: Really?\nAna: My parents hated travelling.\n" * 3


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "chat.txt"
    path.write_text(CHAT, encoding="utf-8")
    return path


def test_extract_then_check_the_file(chat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["annotate", str(chat), "--out", str(out), "-q"]) == 0
    assert capsys.readouterr().out == "3 of 9 utterances have biographies, causal by extract/1\n"
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == 9
    assert rows[6]["speaker"] == "Ana"
    assert "never been to the sea" in rows[6]["biography"]
    assert main(["annotate", str(chat), "--engine", "file", "--file", str(out)]) == 0
    assert main(["annotate", str(chat), "--engine", "file", "--file", str(out), "--whole-conversation"]) == 0
    assert "NOT causal" in capsys.readouterr().out


def test_dry_run_asks_nobody(chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dry = ["annotate", str(chat), "--engine", "endpoint", "--dry-run"]
    assert main(dry) == 0
    assert capsys.readouterr().out.startswith("1 requests, about ")
    assert main([*dry, "--what", "characteristics", "--element", "xAttr"]) == 0
    assert capsys.readouterr().out.startswith("9 requests, about ")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--engine", "extrct"], 2, "Did you mean 'extract'"),
        (["--what", "biography"], 2, "Did you mean 'biographies'"),
        (["--what", "characteristics"], 1, "biographies only"),
        (["--element", "xIntend"], 1, "Did you mean 'xIntent'"),
        (["--split", "train"], 2, "goes with a corpus"),
        (["--engine", "endpoint"], 1, "name of a model"),
        (["--engine", "endpoint", "--model", "m", "--url", "localhost"], 1, "no http"),
        (["--model", "foo"], 2, "--model: goes with --engine local or endpoint, not with extract"),
        (["--url", "http://localhost/v1"], 2, "--url: goes with --engine endpoint"),
        (["--engine", "local", "--url", "http://localhost/v1"], 2, "--url: goes with --engine endpoint"),
        (["--file", "a.jsonl"], 2, "--file: goes with --engine file"),
        (["--max-tokens", "5"], 2, "--max-tokens: goes with --engine local or endpoint"),
        (["--precision", "bf16"], 2, "--precision: goes with --engine local"),
        (["--engine", "local", "--precision", "fp16"], 2, "Did you mean 'bf16'"),
        (["--words", "30"], 2, "--words: goes with --engine local or endpoint"),
        (["--element", "xIntent"], 2, "--element: goes with --what characteristics"),
        (
            ["--what", "characteristics", "--engine", "local", "--words", "30"],
            2,
            "--words: goes with --what biographies",
        ),
        (
            ["--what", "characteristics", "--engine", "local", "--every", "3"],
            2,
            "--every: goes with --what biographies",
        ),
        (["--what", "characteristics", "--engine", "local", "--whole-conversation"], 2, "--what biographies"),
        (["--whole-conversation", "--every", "3"], 2, "--every: does not go with --whole-conversation"),
        (["--from", "."], 2, "--from: goes with a corpus"),
        (["--out", "."], 2, "is a folder"),
    ],
)
def test_mistakes_are_told(
    chat: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, said: str
) -> None:
    assert main(["annotate", str(chat), *arguments]) == code
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_place_that_cannot_be_written_is_told_before_any_work(
    chat: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("erckit.cli.annotate._parts", lambda *given, **more: pytest.fail("work was done"))
    assert main(["annotate", str(chat), "--out", str(chat)]) == 2
    assert "it would be overwritten" in capsys.readouterr().err
    assert main(["annotate", str(chat), "--out", str(chat / "a.jsonl")]) == 2
    assert "is a file" in capsys.readouterr().err


def test_a_dead_endpoint_is_one_line(chat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--engine", "endpoint", "--model", "m", "--url", "http://127.0.0.1:9/v1", "--tries", "1"]
    assert main(["annotate", str(chat), *arguments, "--cache", str(tmp_path / "c.jsonl")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: endpoint m: no answer after 1 try: 127.0.0.1 refuses the connection")
    assert "address and port? 1 are missing" in error
    assert error.count("\n") == 1


def test_prompts(chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prompts"]) == 0
    assert "emonet_llm" in capsys.readouterr().out.split()
    assert main(["prompts", "bios_erc"]) == 0
    assert "| About Mira: " in capsys.readouterr().out
    assert main(["prompts", "instruct_erc", "--file", str(chat), "--labels", "good,bad", "--set", "window=2"]) == 0
    shown = capsys.readouterr().out
    assert "Emotions: good, bad." in shown
    assert shown.count("| Emotion of Ana") == 6
    for value, said in (
        ("window=[1", "the value is not YAML"),
        ("window", "has no '='"),
        ("elements=[1]", "'style.elements[0]' must be str, got 1"),
    ):
        capsys.readouterr()
        assert main(["prompts", "ckerc", "--set", value]) == 1
        assert said in capsys.readouterr().err
    assert main(["prompts", "instruct_erc", "--set", "windov=2"]) == 1
    assert "Did you mean 'window'" in capsys.readouterr().err
