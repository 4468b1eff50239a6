"""A package installed beside erckit brings a system with settings of its own: trained, labelled with, streamed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from erckit import Labeler, load_recipe
from erckit.cli.main import main
from erckit.errors import SettingError
from erckit.models import model_class
from erckit.models.tuned.emonet import EmoNet

pytestmark = pytest.mark.usefixtures("dinner_talk")


@pytest.fixture
def recipe(tmp_path: Path, tiny_backbone: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for split, count in (("train", 8), ("dev", 3), ("test", 3)):
        words = (("happy", "Glad"), ("angry", "Cross"), ("oh", "Glad"), ("angry", "Cross"))
        lines = []
        for c in range(count):  # no two conversations are the same
            said = [
                {"id": f"u{u}", "speaker": "Ana" if u % 3 else "Ben", "text": f"{word} {split} {c}", "label": label}
                for u, (word, label) in enumerate(words)
            ]
            lines.append(json.dumps({"id": f"{split}{c}", "utterances": said}))
        (corpus / f"{split}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    values = {
        "model": {"name": "fading", "backbone": str(tiny_backbone("bert")), "fading": {"keeps": 0.8, "hidden": 12}},
        "corpus": str(corpus),
        "training": {"epochs": 2, "batch_tokens": 96, "precision": "fp32"},
    }
    file = tmp_path / "fading.yaml"
    file.write_text(yaml.safe_dump(values), encoding="utf-8")
    return file


def test_it_is_trained_labelled_with_and_streamed(recipe: Path, tmp_path: Path) -> None:
    assert main(["train", str(recipe), "--out", str(tmp_path / "run"), "--quiet"]) == 0
    model = tmp_path / "run" / "model"
    assert json.loads((model / "config.json").read_text(encoding="utf-8"))["model"]["fading"]["keeps"] == 0.8
    chat = tmp_path / "chat.txt"
    chat.write_text("Ana: happy dog\nBen: angry dog\nAna: oh no\nAna: yes\nBen: red\n", encoding="utf-8")
    out = tmp_path / "out.jsonl"
    assert main(["label", str(chat), "--model", str(model), "--output", str(out), "--precision", "fp32", "-q"]) == 0
    said = json.loads(out.read_text(encoding="utf-8"))["utterances"]
    stream = Labeler.from_pretrained(model, precision="fp32").stream()
    for utterance in said:
        streamed = stream.add(utterance["speaker"], utterance["text"])
        expected = [utterance["scores"][label] for label in streamed.scores]
        assert np.abs(np.array(list(streamed.scores.values())) - expected).max() < 1e-4
    corpus = str(tmp_path / "corpus")
    assert main(["evaluate", str(model), "--corpus", corpus, "--split", "dev", "--quiet"]) == 0


def test_its_settings_are_checked_like_erckits_own(recipe: Path) -> None:
    assert load_recipe(recipe, ["model.fading.hidden=20"]).model.own.hidden == 20
    for change, message in (
        ("model.fading.keep=1", "keeps"),
        ("model.fading.keeps=2", "keeps"),
        ("model.emonet.gru_layers=1", "emonet"),
        ("model.speaker.min_utterances=3", r"model\.speaker\.min_utterances"),
    ):
        with pytest.raises(SettingError, match=message):
            load_recipe(recipe, [change])


def test_erckits_own_names_cannot_be_taken() -> None:
    assert model_class("emonet") is EmoNet
