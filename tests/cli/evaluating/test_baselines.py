"""Baselines on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from erckit.cli.main import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """EmoryNLP in the uniform layout, two utterances of it."""
    for split in ("train", "dev", "test"):
        said = [
            {"id": "u1", "speaker": "Ann", "text": "hi there", "emotion": "joyful"},
            {"id": "u2", "speaker": "Ben", "text": f"good {split}", "emotion": "mad"},
            {"id": "u3", "speaker": "Ben", "text": "leave", "emotion": "mad"},
        ]
        row = {"id": f"s01_e01_c0{len(split)}", "utterances": said, "meta": {"season": 1, "episode": 1, "scene": 1}}
        if split == "test":
            row["id"] = "s01_e02_c01"
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / f"{split}.jsonl").write_text(json.dumps(row) + "\n")
    return tmp_path / "data"


@pytest.mark.parametrize("name", ["majority", "chance", "tfidf", "tfidf_context"])
def test_scores_are_printed_and_kept(
    name: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", f"baseline/{name}", "--corpus", "emorynlp", "--from", str(folder), "--seeds", "2"]
    arguments += ["--out", str(tmp_path / "out"), "--json", str(tmp_path / "r.json"), "--draws", "100"]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    selected = "selected on dev" if name.startswith("tfidf") else "nothing to select"
    assert printed.out.startswith(f"emorynlp/test · 1 conversation, 3 utterances · weighted_f1 · {selected} · seed")
    assert f"system: baseline-{name}" in printed.out
    assert ("one run stands for all 2 seeds" in printed.err) == (name != "chance")
    assert (tmp_path / "out" / "seed-1" / "test.json").is_file()
    assert (tmp_path / "out" / "seed-2").is_dir() == (name == "chance")
    assert json.loads((tmp_path / "r.json").read_text())["system"] == f"baseline-{name}"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["evaluate", "baseline/majorty", "--corpus", "emorynlp"], 1, "Did you mean 'baseline/majority'?"),
        (["evaluate", "baseline/utterence", "--out", "x"], 1, "Did you mean 'baseline/utterance'?"),
        (["evaluate", "tfidf", "--corpus", "emorynlp"], 1, "Did you mean 'baseline/tfidf'?"),
        (["train", "baseline/chance", "--dry-run"], 1, "erckit evaluate baseline/chance --corpus"),
        (["train", "baseline/contxt", "--dry-run"], 1, "Did you mean 'baseline/context'?"),
        (["evaluate", "baseline/chance"], 2, "--corpus"),
        (["evaluate", "baseline/chance", "--corpus", "emorynlp", "--set", "a=1"], 2, "--set"),
        (["evaluate", "baseline/chance", "--corpus", "emorynlp", "--precision", "fp32"], 2, "--precision"),
        (["evaluate", "baseline/chance", "--corpus", "emorynlp", "--allow-seen"], 2, "--allow-seen"),
        (["evaluate", "baseline/majority", "--corpus", "emorynlp", "--labels", "joyful,mad"], 2, "goes with --map"),
        (["evaluate", "baseline/context", "--map", "ekman", "--labels", "joy,anger", "--out", "x"], 2, "--labels"),
        (["evaluate", "hf:./nowhere"], 2, "--corpus"),
        (["evaluate", "hf:./nowhere", "--corpus", "emorynlp", "--seeds", "2"], 2, "--seeds"),
        (["evaluate", "hf:./nowhere", "--corpus", "emorynlp", "--map", "ekmann"], 1, "Did you mean 'ekman'?"),
    ],
)
def test_wrong_calls_are_answered_in_one_line(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_a_baseline_is_scored_on_chosen_labels(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "baseline/majority", "--corpus", "emorynlp", "--from", str(folder), "--map", "ekman"]
    arguments += ["--out", str(tmp_path / "out"), "--draws", "100"]
    assert main([*arguments, "--labels", "joy, anger"]) == 0
    assert "mapped to ekman: anger, joy\n" in capsys.readouterr().out
    # Another choice is another score; its runs may not be taken for this one's.
    assert main([*arguments, "--labels", "joy,fear"]) == 1
    assert "labels" in capsys.readouterr().err


def test_a_text_classifier_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "hf:./nowhere", "--corpus", "emorynlp", "--from", str(folder)]) == 1
    assert "no such folder" in capsys.readouterr().err


def test_help_names_the_baselines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--help"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for name in ("baseline/majority", "baseline/chance", "baseline/tfidf", "hf:NAME", "--allow-seen"):
        assert name in printed


@pytest.mark.process
def test_the_result_is_kept_when_the_reader_of_the_output_leaves(folder: Path, tmp_path: Path) -> None:
    # PYTHONUNBUFFERED: each line goes out at once, so that the reader's leaving is noticed by the print itself.
    script = (
        "import os, sys\n"
        "reader, writer = os.pipe()\n"
        "os.close(reader)\n"
        "os.dup2(writer, 1)\n"
        "from erckit.cli.main import main\n"
        f"sys.exit(main(['evaluate', 'baseline/majority', '--corpus', 'emorynlp', '--from', {str(folder)!r},"
        f" '--draws', '100', '--json', {str(tmp_path / 'r.json')!r}]))\n"
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
    assert done.returncode == 141, done.stderr
    assert json.loads((tmp_path / "r.json").read_text())["system"] == "baseline-majority"
