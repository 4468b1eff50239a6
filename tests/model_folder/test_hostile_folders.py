"""Model folders that somebody made to read, write or run what is not theirs."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from erckit.causal.causal_lm import load_causal_lm
from erckit.causal.lora import LoraSettings
from erckit.encoding.encoder import load_backbone
from erckit.encoding.tokens import ConversationTokenizer
from erckit.errors import BackboneError, ModelFolderError
from erckit.labelling.own_labels.adapted_folder import is_adapted
from erckit.labels import LabelSet
from erckit.model_folder.adapter_folder import ADAPTER, AdapterFolder, read_adapter_folder
from erckit.storage.manifest import verify_manifest, write_manifest

LABELS = LabelSet(("joy", "neutral"), "neutral")
SECRET = "what is nobody else's business"


@pytest.fixture
def adapter() -> AdapterFolder:
    """One with a further file."""
    tensors = {"a": torch.ones(2)}
    return AdapterFolder(
        "small",
        "instruct_erc",
        "base",
        "0" * 64,
        LABELS,
        LoraSettings(),
        tensors,
        {},
        None,
        {},
        (),
        {"pool.jsonl": "{}"},
    )


@pytest.fixture
def folder(adapter: AdapterFolder, tmp_path: Path) -> Path:
    """It, written, beside a file that is none of its own."""
    (tmp_path / "secret.txt").write_text(SECRET)
    adapter.save(tmp_path / "models" / "small")
    return tmp_path / "models" / "small"


def _change(folder: Path, **values: object) -> None:
    """Change its configuration as its author could: with a manifest that agrees."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **values}))
    write_manifest(folder)


def test_what_is_written_is_read(folder: Path, adapter: AdapterFolder) -> None:
    assert read_adapter_folder(folder).files == adapter.files


@pytest.mark.parametrize("name", ["../../secret.txt", "{secret}", "not_vouched_for.txt", "manifest.json", ""])
def test_files_that_the_manifest_does_not_vouch_for_are_not_read(folder: Path, name: str) -> None:
    _change(folder, files=[name.format(secret=folder.parents[1] / "secret.txt")])
    (folder / "not_vouched_for.txt").write_text("x")
    with pytest.raises(ModelFolderError, match="its manifest does not name"):
        read_adapter_folder(folder)


@pytest.mark.parametrize("target", ["secret.txt", "/dev/zero"])
def test_links_are_not_followed(folder: Path, target: str) -> None:
    """One that the manifest names is refused with it; one laid beside is not known; a device never ends."""
    _change(folder, files=["link"])
    (folder / "link").symlink_to(folder.parents[1] / target)
    with pytest.raises(ModelFolderError, match="does not name 'link'"):
        read_adapter_folder(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["link"] = {"sha256": "0" * 64, "bytes": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ModelFolderError, match="symbolic link"):
        read_adapter_folder(folder)


@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
def test_a_device_in_the_place_of_a_file_is_not_read(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    assert not is_adapted(folder)
    with pytest.raises(ModelFolderError):
        read_adapter_folder(folder)


def test_a_folder_of_a_link_is_not_followed(folder: Path) -> None:
    outside = folder.parents[1] / "outside"
    outside.mkdir()
    (outside / "x.txt").write_text("x")
    write_manifest(outside)
    entry = json.loads((outside / "manifest.json").read_text())["files"]["x.txt"]
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["sub/x.txt"] = entry
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "sub").symlink_to(outside, target_is_directory=True)
    with pytest.raises(ModelFolderError, match="symbolic link"):
        verify_manifest(folder)


LEAVING = (
    "../payload.txt",
    "/tmp/payload.txt",
    "a/b",
    "..\\payload.txt",
    "C:payload",
    "",
    "manifest.json",
    "README.md",
)


@pytest.mark.parametrize("name", [*LEAVING, "config.json", ADAPTER])
def test_saving_never_leaves_the_folder(adapter: AdapterFolder, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelFolderError, match=r"Choose another|not a file inside"):
        replace(adapter, files={name: "x"}).save(tmp_path / "models" / "small")
    assert list(tmp_path.iterdir()) == []


def test_json_and_headers_that_would_fill_the_memory(folder: Path) -> None:
    for name in ("config.json", "manifest.json"):
        kept = (folder / name).read_bytes()
        with open(folder / name, "wb") as file:
            file.truncate(65 * 2**20)
        if name == "config.json":
            write_manifest(folder)
        with pytest.raises(ModelFolderError, match="67,108,864 bytes"):
            read_adapter_folder(folder)
        (folder / name).write_bytes(kept)
    write_manifest(folder)
    size = 90 * 10**6
    (folder / ADAPTER).write_bytes(size.to_bytes(8, "little") + b"{" + b" " * (size - 2) + b"}")
    write_manifest(folder)
    with pytest.raises(ModelFolderError, match="header of 90,000,000 bytes"):
        read_adapter_folder(folder)


@pytest.mark.parametrize("values", [{"lora": []}, {"files": 1}, {"files": [None]}, {"recipe": 1}, {"anonymous": 2}])
def test_values_of_other_kinds(folder: Path, values: dict[str, object]) -> None:
    _change(folder, **values)
    with pytest.raises(ModelFolderError):
        read_adapter_folder(folder)


CODE = """
import os
open(os.environ["CODE_RAN"], "w").close()
from transformers import BertConfig as Config, BertModel as Model, BertTokenizer as Tokenizer
"""


@pytest.mark.parametrize("load", [load_backbone, load_causal_lm, lambda folder: ConversationTokenizer(folder, "none")])
def test_code_in_a_folder_is_never_run(
    load: Callable[[Path], Any], tiny_backbone: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where somebody answers yes: transformers would ask."""
    folder = tmp_path / "backbone"
    folder.mkdir()
    for path in tiny_backbone("bert").iterdir():
        os.link(path, folder / path.name)
    names = {"AutoConfig": "code.Config", "AutoModel": "code.Model", "AutoModelForCausalLM": "code.Model"}
    for name in ("config.json", "tokenizer_config.json"):
        values = json.loads((folder / name).read_text())
        (folder / name).unlink()
        tokenizer = {"AutoTokenizer": ["code.Tokenizer", None]}
        values |= {"model_type": "odd", "auto_map": names | tokenizer, "tokenizer_class": "OddTokenizer"}
        (folder / name).write_text(json.dumps(values))
    (folder / "code.py").write_text(CODE)
    monkeypatch.setenv("CODE_RAN", str(tmp_path / "ran"))
    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(BackboneError):
        load(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("layers", [20_000, "many"])
def test_layers_that_nobody_has(
    tiny_backbone: Callable[[str], Path], tiny_causal_lm: Callable[..., Any], tmp_path: Path, layers: object
) -> None:
    for number, (source, load) in enumerate(
        ((tiny_backbone("bert"), load_backbone), (tiny_causal_lm("llama").folder, load_causal_lm))
    ):
        folder = tmp_path / str(number)
        shutil.copytree(source, folder)
        values = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**values, "num_hidden_layers": layers, "layer_types": None}))
        start = time.process_time()
        with pytest.raises(BackboneError, match=r"layers"):
            load(folder)
        assert time.process_time() - start < 5
