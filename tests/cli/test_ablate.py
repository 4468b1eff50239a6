"""``erckit ablate``: the plan is shown, mistakes are told before hours of training, the outputs are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import erckit.recipe.recipe_corpus
from erckit.cli.main import main


def test_list_shows_the_rows_and_trains_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert (
        main(["ablate", "emonet/ablation", "--list", "--set", "training.epochs=9", "--out", str(tmp_path / "o")]) == 0
    )
    shown = capsys.readouterr().out
    assert "1. CoMPM  [compm]" in shown
    assert "10. history of this conversation only" in shown
    assert "training.epochs = 9" in shown
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ablate"], 2, "ABLATION"),
        (["ablate", "emonet/ablation"], 2, "--out"),
        (["ablate", "emonet/ablation", "--seeds", "0", "--out", "o"], 2, "--seeds"),
        (["ablate", "emonet/ablation", "--out", __file__], 2, "is a file"),
        (["ablate", "emonet/ablation", "--rows", "1,compn", "--out", "o"], 1, "Did you mean 'compm'?"),
        (["ablate", "emonet/ablatoin", "--list"], 1, "Did you mean 'emonet/ablation'?"),
        (["ablate", "emonet/emorynlp", "--list"], 1, "erckit evaluate"),
        (["ablate", "emonet/ablation", "--set", "training.epoch=3", "--list"], 1, "Did you mean 'epochs'?"),
        (["ablate", "emonet/ablation", "--set", "training.class_weights=none", "--list"], 1, "for all rows"),
        (["evaluate", "emonet/ablation", "--out", "o"], 1, "erckit ablate emonet/ablation"),
        (["train", "emonet/ablation", "--dry-run"], 1, "erckit ablate emonet/ablation"),
    ],
)
def test_mistakes_are_one_line(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert said in captured.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.trains
def test_a_whole_ablation(
    tiny_backbone: Any, tiny_corpus: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    def load_corpus(name: str, *_: Any, **__: Any) -> Any:
        assert name == "tiny"
        return tiny_corpus

    monkeypatch.setattr(erckit.recipe.recipe_corpus, "load_corpus", load_corpus)
    (tmp_path / "a.yaml").write_text(
        f"recipe: {{corpus: other, model: {{backbone: '{tiny_backbone('bert')}'}}}}\n"
        "rows:\n- name: one\n- name: two\n  from: one\n  set: {model.history.scope: none}\n"
    )
    out = tmp_path / "out"
    command = ["ablate", str(tmp_path / "a.yaml"), "--corpus", "tiny", "--seeds", "2", "--draws", "100"]
    command += ["--set", "training.epochs=1", "--set", "training.precision=fp32", "--out", str(out)]
    assert main([*command, "--split", "tets"]) == 1
    assert "Did you mean 'test'?" in capsys.readouterr().err
    assert not out.exists()
    assert main([*command, "--rows", "two"]) == 0
    assert main(command) == 0
    captured = capsys.readouterr()
    assert "row 1 of 1 (two), seed 2 of 2; 1 run to go, about" in captured.err
    assert "row 1 of 2 (one), seed 1 of 2; 2 runs to go, time left: not known yet" in captured.err
    assert "row 2" not in captured.err  # was finished
    for kind in ("json", "md", "tex", "png"):
        assert (out / f"ablation.{kind}").stat().st_size > 500
        assert str(out / f"ablation.{kind}") in captured.err
    assert captured.out.endswith((out / "ablation.md").read_text(encoding="utf-8"))
    assert "tiny/test · 4 conversations" in captured.out
    assert "training.epochs = 1" in captured.out
    assert main([*command, "--quiet"]) == 0
    assert capsys.readouterr().err == ""
