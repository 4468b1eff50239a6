"""``erckit adapt`` and what follows from it, on a tiny model."""

from __future__ import annotations

from pathlib import Path

import pytest

from erckit.cli.main import main

GOOD = "label,text\nWarm,red dog\nWarm,red cat\nCold,blue night\nCold,blue street\n"


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    path = tmp_path / "examples.csv"
    path.write_text(GOOD, encoding="utf-8")
    return path


def test_adapt_then_label_then_evaluate(
    trained_folder: Path, examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "own"
    assert main(["adapt", str(trained_folder), "--examples", str(examples), "--out", str(out), "-q"]) == 0
    printed = capsys.readouterr().out
    assert "leave-one-out accuracy on the examples" in printed
    assert printed.endswith(f"{out}\n")
    chat = tmp_path / "chat.txt"
    chat.write_text("Ana: red house\nBen: blue table\n", encoding="utf-8")
    assert main(["label", str(chat), "--model", str(out), "-q", "-o", str(tmp_path / "out.csv")]) == 0
    assert "score_Warm" in (tmp_path / "out.csv").read_text()
    corpus = tmp_path / "mine"
    corpus.mkdir()
    (corpus / "test.csv").write_text("label,text,conversation\nWarm,red tree,a\nCold,blue car,b\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["evaluate", str(out), "--corpus", str(corpus), "--split", "test", "-q"]) == 0
    assert "selected on the examples" in capsys.readouterr().out


def test_few_and_many_examples_are_remarked(
    trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "examples.csv"
    rows = [f"Warm,red dog {n}" for n in range(65)] + [f"Cold,blue night {n}" for n in range(3)]
    rows += [f"Odd,think {n}" for n in range(4)]
    path.write_text("\n".join(["label,text", *rows]) + "\n", encoding="utf-8")
    assert main(["adapt", str(trained_folder), "--examples", str(path), "--out", str(tmp_path / "own")]) == 0
    out, err = capsys.readouterr()
    assert "fewer than 4 examples of Cold:" in err
    assert "more than 64 examples of Warm (65):" in err
    assert "more than" not in out


def test_a_faulty_file_is_told_before_a_model_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "examples.csv"
    path.write_text("label,text\nWarm,red dog\n", encoding="utf-8")
    assert main(["adapt", "no-such-model", "--examples", str(path), "--out", str(tmp_path / "own")]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "examples.csv:2: is the only example of 'Warm'" in said
    assert not (tmp_path / "own").exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--head", "--keep-labels"], "does not go with --keep-labels"),
        (["--corpus", "emorynlp"], "goes with --keep-labels"),
    ],
)
def test_options_that_do_not_go_together(
    examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], said: str
) -> None:
    assert main(["adapt", "m", "--examples", str(examples), "--out", str(tmp_path / "own"), *more]) == 2
    assert said in capsys.readouterr().err


def test_nothing_else_is_overwritten(examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adapt", "m", "--examples", str(examples), "--out", str(tmp_path)]) == 2
    assert "holds other files" in capsys.readouterr().err
    assert main(["adapt", "m", "--examples", str(examples), "--out", str(examples)]) == 2
    assert examples.read_text() == GOOD
