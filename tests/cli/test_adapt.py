"""``erckit adapt`` and what follows from it, on a tiny model."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from erckit.cli.adapt import _table
from erckit.cli.main import main
from erckit.labelling.own_labels.adapt import Adapted

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
        (["--corpus", "emorynlp"], "--corpus: goes with --keep-labels"),
        (["--from", "."], "--from: goes with --keep-labels"),
        (["--head", "--distance", "cosine"], "--distance: does not go with --head"),
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


def test_a_trained_model_is_never_deleted(
    trained_folder: Path, examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Path(shutil.copytree(trained_folder, tmp_path / "trained"))
    before = sorted(path.name for path in other.iterdir())
    assert main(["adapt", str(trained_folder), "-e", str(examples), "-o", str(other), "-q"]) == 2
    said = capsys.readouterr().err
    assert "is a model that was trained; name a new folder" in said
    assert said.count("\n") == 1
    assert sorted(path.name for path in other.iterdir()) == before
    assert main(["adapt", str(other), "-e", str(examples), "-o", str(other / "model"), "-q"]) == 2
    assert "is inside the model" in capsys.readouterr().err
    assert sorted(path.name for path in other.iterdir()) == before


def test_labels_cannot_be_kept_without_the_corpus(
    trained_folder: Path, examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "own"
    assert main(["adapt", str(trained_folder), "-e", str(examples), "-o", str(out), "--keep-labels", "-q"]) == 1
    said = capsys.readouterr().err
    assert "needs the corpus the model was trained on: --corpus" in said
    assert said.count("\n") == 1
    assert not out.exists()


def test_another_encoding_and_a_pipe(trained_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    content = GOOD.replace("red dog", "caf\xe9").encode("cp1252")
    writer = threading.Thread(target=path.write_bytes, args=(content,), daemon=True)
    writer.start()
    arguments = ["-e", str(path), "-o", str(tmp_path / "own"), "--encoding", "cp1252", "-q"]
    assert main(["adapt", str(trained_folder), *arguments]) == 0
    writer.join(5)
    assert (tmp_path / "own" / "config.json").is_file()


def test_remarks_come_before_the_model_is_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "examples.csv"
    rows = [f"Warm,red dog {n}" for n in range(65)] + ["Cold,blue", "Cold,night"]
    path.write_text("\n".join(["label,text", *rows]), encoding="utf-8")
    assert main(["adapt", "no-such-model", "-e", str(path), "-o", str(tmp_path / "own")]) == 1
    said = capsys.readouterr().err
    assert "more than 64 examples of Warm (65)" in said
    assert "fewer than 4 examples of Cold" in said
    assert "no model 'no-such-model'" in said


def test_an_adapted_model_has_no_corpus_of_its_own(
    trained_folder: Path, examples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "own"
    assert main(["adapt", str(trained_folder), "-e", str(examples), "-o", str(out), "-q"]) == 0
    capsys.readouterr()
    assert main(["evaluate", str(out), "--split", "dev", "-q"]) == 2
    assert "--corpus: an adapted model has labels of its own" in capsys.readouterr().err


def test_a_label_that_was_never_found_is_told() -> None:
    lines = _table(Adapted(None, {"Warm": (0, 5), "Cold": (4, 5)}, None), False)  # type: ignore[arg-type]
    assert "none right of Warm: do not expect the model to find it" in lines[-1]
    assert "none right" not in "".join(_table(Adapted(None, {"Cold": (1, 5)}, None), False))  # type: ignore[arg-type]
