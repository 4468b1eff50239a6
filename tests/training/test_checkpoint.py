"""Checkpoints and the journal: whole, few, and passed over where they are broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from erckit.errors import CheckpointError
from erckit.training.checkpoint import (
    Checkpoint,
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from erckit.training.journal import Journal


def _save(folder: Path, *steps: int) -> None:
    for step in steps:
        save_checkpoint(folder, Checkpoint(step, {"w": torch.full((3,), float(step))}, {"step": step}))


def test_the_newest_comes_back_and_two_are_kept(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "none") == (None, [])
    _save(tmp_path, 1, 9, 10, 100)
    found, notes = load_checkpoint(tmp_path)
    assert (found.step, found.state, found.tensors["w"].tolist(), notes) == (100, {"step": 100}, [100.0] * 3, [])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-00000010", "step-00000100"]


def test_the_same_step_may_be_saved_again(tmp_path: Path) -> None:
    _save(tmp_path, 4, 5, 5)
    assert load_checkpoint(tmp_path)[0].step == 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-00000004", "step-00000005"]


@pytest.mark.parametrize("name", ["tensors.safetensors", "state.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_a_broken_one_is_passed_over_with_a_note(tmp_path: Path, name: str, damage: str) -> None:
    _save(tmp_path, 1, 2)
    file = tmp_path / "step-00000002" / name
    file.write_bytes(file.read_bytes()[:-7]) if damage == "cut" else file.unlink()
    found, notes = load_checkpoint(tmp_path)
    assert found.step == 1
    assert len(notes) == 1
    assert "step-00000002" in notes[0]


def test_what_killed_writers_left_is_swept_up(tmp_path: Path) -> None:
    _save(tmp_path, 1)
    (tmp_path / "step-00000002.tmp-999999999").mkdir()
    (tmp_path / "step-00000002.tmp-999999999" / "tensors.safetensors").write_text("half")
    assert load_checkpoint(tmp_path)[0].step == 1
    _save(tmp_path, 3)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step-00000001", "step-00000003"]


def _linear_with_history() -> tuple[torch.nn.Linear, torch.optim.AdamW]:
    torch.manual_seed(0)
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
    for _ in range(2):
        _step(layer, optimizer)
    return layer, optimizer


def _step(layer: torch.nn.Linear, optimizer: torch.optim.AdamW) -> None:
    optimizer.zero_grad()
    layer(torch.ones(1, 3)).square().sum().backward()
    optimizer.step()


def test_an_optimiser_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    layer, optimizer = _linear_with_history()
    tensors = {**optimizer_tensors(optimizer), "w": layer.weight.detach(), "b": layer.bias.detach()}
    save_checkpoint(tmp_path, Checkpoint(2, tensors, {}))
    _step(layer, optimizer)

    again = torch.nn.Linear(3, 2)
    loaded = load_checkpoint(tmp_path)[0].tensors
    again.load_state_dict({"weight": loaded["w"], "bias": loaded["b"]})
    resumed = torch.optim.AdamW(again.parameters(), lr=0.1)
    restore_optimizer(resumed, loaded)
    _step(again, resumed)
    assert torch.equal(again.weight, layer.weight)
    assert torch.equal(again.bias, layer.bias)


def test_moments_of_another_model_are_refused() -> None:
    _, optimizer = _linear_with_history()
    small = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    with pytest.raises(CheckpointError, match="another --out"):
        restore_optimizer(small, optimizer_tensors(optimizer))


def test_journal_lines_stay_whole_after_a_kill(tmp_path: Path) -> None:
    with Journal(tmp_path) as journal:
        journal.write({"step": 1, "loss": 0.5})
    with open(tmp_path / "metrics.jsonl", "a") as file:
        file.write('{"step": 2, "lo')  # killed here
    with Journal(tmp_path) as journal:
        journal.write({"step": 2, "loss": 0.25})
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert len(lines) == 3
    assert [json.loads(lines[i])["loss"] for i in (0, 2)] == [0.5, 0.25]
    with Journal(tmp_path, enabled=False) as journal:
        journal.write({"step": 3, "loss": 0.0})
    assert len((tmp_path / "metrics.jsonl").read_text().splitlines()) == 3


def test_what_a_killed_writer_of_the_last_step_left_goes_when_it_is_loaded(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, Checkpoint(3, {"w": torch.ones(2)}, {}))
    (tmp_path / "step-00000003").rename(tmp_path / "kept")
    shutil.copytree(tmp_path / "kept", tmp_path / "step-00000003.old-999999999")
    (tmp_path / "kept").rename(tmp_path / "step-00000003")
    found, notes = load_checkpoint(tmp_path)
    assert (found is not None, notes) == (True, [])
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000003"]
