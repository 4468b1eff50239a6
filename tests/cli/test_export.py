"""``erckit export``: the folder it writes, and what it refuses in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from erckit.cli.main import main


def test_an_llm_system_is_exported(llm_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from peft import AutoPeftModelForCausalLM

    out = tmp_path / "new" / "adapter"
    assert main(["export", str(llm_folder), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{out}\n"
    assert f"see {out / 'README.md'}" in printed.err
    assert {path.name for path in out.iterdir()} == {
        "README.md", "adapter_config.json", "adapter_model.safetensors", "manifest.json",
    }  # fmt: skip
    wanted = json.loads((llm_folder / "config.json").read_text())
    config = json.loads((out / "adapter_config.json").read_text())
    assert (config["r"], config["base_model_name_or_path"]) == (wanted["lora"]["rank"], wanted["base"])
    loaded = AutoPeftModelForCausalLM.from_pretrained(out)
    assert any(parameter.abs().max() > 0 for name, parameter in loaded.named_parameters() if "lora_B" in name)


def test_quiet_prints_the_folder_only(llm_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["export", str(llm_folder), "-o", str(tmp_path / "empty"), "-q"]) == 0
    assert tuple(capsys.readouterr()) == (f"{tmp_path / 'empty'}\n", "")


def test_a_model_without_adapter_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for model, told in (("everyday", "is no LLM system and has no adapter"), ("everyda", "Did you mean 'everyday'?")):
        assert main(["export", model, "--out", str(tmp_path / "out")]) == 1
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert told in error
        assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_place_that_is_taken_is_refused(llm_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("mine")
    for out, told in ((tmp_path, "is not empty"), (tmp_path / "file", "is a file")):
        assert main(["export", str(llm_folder), "--out", str(out)]) == 2
        error = capsys.readouterr().err
        assert "--out" in error
        assert told in error
        assert error.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_without_out_it_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "everyday"]) == 2
    assert "--out" in capsys.readouterr().err
