"""``erckit compare`` on small results."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from erckit.cli.main import main
from erckit.evaluation.results.result import PredictionRow, ProtocolRun
from erckit.evaluation.run.evaluate import single_result
from erckit.labels import LabelSet

LABELS = LabelSet(("Glad", "Cross", "Neutral"), neutral="Neutral")


def _write(path: Path, right: float, system: str = "emonet", split: str = "test") -> Path:
    golds, rng = random.Random(0), random.Random(path.name)
    rows = []
    for c in range(25):
        for u in range(6):
            gold = golds.choice(LABELS.labels)
            label = gold if rng.random() < right else rng.choice(LABELS.labels)
            scores = {name: 0.5 if name == label else 0.25 for name in LABELS.labels}
            rows.append(PredictionRow(f"c{c}", f"u{u}", gold, label, scores, 1))
    protocol = ProtocolRun(f"toy/{split}", "toy", split, 25, len(rows), "weighted_f1", "dev", "none", True)
    result = single_result(
        rows,
        protocol=protocol,
        system=system,
        label_set=LABELS,
        seed=1,
        calibrated=False,
        config={},
        wall_seconds=0.1,
        tokens_processed=10,
        draws=50,
    )
    return result.save(path)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    return [str(_write(tmp_path / f"{name}.json", right)) for name, right in (("good", 0.9), ("poor", 0.2))]


def test_prints_protocol_first_and_writes_all_files(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = {f"--{name}": tmp_path / f"out.{name}" for name in ("json", "markdown", "latex")}
    assert main(["compare", *files, *(str(part) for pair in outputs.items() for part in pair)]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert lines[0] == (
        "toy/test · 25 conversations, 150 utterances · weighted_f1 · selected on dev · seed 1 · causal · memory: none"
    )
    # One system name for both files: the files' names tell them apart.
    assert any(line.startswith("good ") and line.endswith(" a") for line in lines)
    assert any(line.startswith("good ") and line.endswith("better, single run") for line in lines)
    assert "Smallest true difference" in captured.out
    assert captured.err.count("wrote ") == 3
    assert json.loads(outputs["--json"].read_text(encoding="utf-8"))["pairs"][0]["significant"] is True
    assert outputs["--markdown"].read_text(encoding="utf-8").startswith(lines[0])
    assert outputs["--latex"].read_text(encoding="utf-8").endswith("\n")


def test_baseline_by_file_and_metric(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files, "--baseline", "good.json", "--metric", "accuracy", "--draws", "100"]) == 0
    out = capsys.readouterr().out
    assert "· accuracy ·" in out
    assert "worse, single run" in out
    assert "group" not in out


def test_one_result_tells_what_its_test_set_can_show(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", files[0]]) == 0
    out = capsys.readouterr().out
    assert out.startswith("toy/test · ")
    assert "Smallest true difference" in out


@pytest.mark.parametrize(
    ("extra", "code", "said"),
    [
        (["--metric", "acuracy"], 2, "Did you mean 'accuracy'?"),
        (["--baseline", "pour"], 1, "Did you mean 'poor'?"),
        (["--draws", "0"], 2, "--draws"),
        (["--draws", "5"], 1, "use at least 20"),
        (["--markdwn", "x"], 2, "Did you mean '--markdown'?"),
    ],
)
def test_refusals(files: list[str], extra: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *files, *extra]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert said in captured.err


def test_wrong_files(files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{}", encoding="utf-8")
    dev = str(_write(tmp_path / "dev.json", 0.5, split="dev"))
    for arguments, code, said in (
        ([files[0], files[0]], 2, "named twice"),
        ([files[0], str(broken)], 1, "schema version"),
        ([files[0], str(tmp_path / "none.json")], 1, "cannot be read"),
        ([files[0], dev], 1, "measure different things"),
        ([files[0], "--json", str(tmp_path / "x.json")], 2, "at least two"),
        ([*files, "--json", files[1]], 2, "overwritten"),
        ([*files, "--json", str(tmp_path / "x"), "--latex", str(tmp_path / "x")], 2, "another output"),
        ([], 2, "FILE"),
    ):
        assert main(["compare", *arguments]) == code, arguments
        captured = capsys.readouterr()
        assert captured.out == ""
        assert said in captured.err
    assert json.loads(Path(files[1]).read_text(encoding="utf-8"))["system"] == "emonet"


def test_shipped_results_are_called_after_their_files_as_on_a_leaderboard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "toy-test"  # <protocol>/<system>.json
    folder.mkdir()
    wanted = (("good", 0.9), ("poor", 0.2))
    paths = [str(_write(folder / f"{name}.json", right, system=f"as {name}")) for name, right in wanted]
    assert main(["compare", *paths]) == 0
    printed = capsys.readouterr().out
    assert "\ngood " in printed
    assert "as good" not in printed
