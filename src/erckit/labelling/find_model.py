"""Where a model of some name lies: bundled with erckit, a folder, or on the hub."""

from __future__ import annotations

from pathlib import Path

from erckit.errors import ModelFolderError, nearest
from erckit.storage.atomic import recover_folder
from erckit.storage.cache import cache_folder

DEFAULT_MODEL = "everyday"
BUNDLED = Path(__file__).resolve().parents[1] / "bundled"


def bundled_models() -> list[str]:
    """Names of the models that come with erckit."""
    return sorted(p.parent.name for p in BUNDLED.glob("*/manifest.json"))


def find_model(name: str | Path) -> Path:
    """Folder of a model.

    Args:
        name: A bundled model's name, a folder, the folder of a training (its ``model`` is meant), or ``owner/name``
            on the Hugging Face hub.

    Raises:
        ModelFolderError: None of these.
    """
    if str(name) in bundled_models():
        return BUNDLED / str(name)
    path = Path(name)
    for folder in (path / "model", path):
        recover_folder(folder)
        if (folder / "manifest.json").is_file():
            return folder
    if path.is_dir():
        raise ModelFolderError(
            f"{path}: no model folder (no manifest.json), or its training has not ended. "
            "Run the same 'erckit train' again to let it finish."
        )
    text = str(name)
    if text.count("/") == 1 and not text.startswith((".", "/", "~")):
        return _from_hub(text)
    raise ModelFolderError(f"no model '{name}': neither a folder nor bundled. {nearest(text, bundled_models())}")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    from erckit.backbones.model_hub import hub_problem

    # A folder of real files: the hub's own cache is made of symbolic links, which a manifest refuses.
    folder = cache_folder() / "models" / name.replace("/", "--")
    try:
        if problem := hub_problem():
            raise ConnectionError(problem)
        patterns = ["*.json", "*.jsonl", "*.safetensors", "README.md"]
        return Path(snapshot_download(name, local_dir=folder, allow_patterns=patterns, etag_timeout=5))
    except Exception as error:
        if (folder / "manifest.json").is_file():  # fetched before; loading checks that it is whole
            return folder
        raise ModelFolderError(
            f"model '{name}' is no folder here and could not be got from the hub ({type(error).__name__}). "
            f"Check the name, or give a folder. {nearest(name, bundled_models())}"
        ) from None
