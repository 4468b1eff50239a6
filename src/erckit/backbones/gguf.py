"""GGUF files as ordinary model folders: dequantised once, then loaded in a second like any other."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

from erckit.errors import BackboneError
from erckit.storage.atomic import atomic_folder, recover_folder, write_text
from erckit.storage.cache import cache_folder
from erckit.storage.manifest import file_sha256

SOURCE_NAME = "gguf_source.json"
_NEEDED = ("config.json", "model.safetensors", "tokenizer.json", SOURCE_NAME)


def convert_gguf(source: Path, target: Path) -> None:
    """Write the model of a GGUF file into ``target`` as fp32 safetensors with its tokenizer.

    Args:
        source: The GGUF file.
        target: An existing folder; gets config.json, model.safetensors, the tokenizer and ``gguf_source.json``, which
            says which file they were made from.

    Raises:
        BackboneError: ``gguf`` is not installed, or the file is not one that transformers can read.
    """
    try:
        import gguf  # noqa: F401
    except ImportError:
        raise BackboneError(f"{source.name}: reading GGUF needs a package. Run pip install 'erckit[llm]'.") from None
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    with open(source, "rb") as file:
        if file.read(4) != b"GGUF":
            raise BackboneError(f"{source}: is not a GGUF file (it does not begin with GGUF). Get it again.")
    folder, name = str(source.parent), source.name
    with quiet_transformers():
        try:
            tokenizer = AutoTokenizer.from_pretrained(
                folder, gguf_file=name, trust_remote_code=False, local_files_only=True
            )
            # Left packed, the weights could be neither trained nor saved.
            model = AutoModelForCausalLM.from_pretrained(
                folder,
                gguf_file=name,
                dtype=torch.float32,
                quantization_config=GgufConfig(dequantize=True),
                trust_remote_code=False,
                local_files_only=True,
            )
        except Exception as error:
            # transformers and gguf raise whatever they stumble over: KeyError, ValueError, struct errors.
            reason = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            raise BackboneError(
                f"{source}: transformers cannot read this GGUF file ({reason}). "
                "Give the model's safetensors folder instead."
            ) from None
        model.save_pretrained(target, max_shard_size="100GB")
        (target / "model.safetensors").chmod(0o644)  # written for its owner alone, useless in a shared cache
        tokenizer.save_pretrained(target)
    write_text(target / SOURCE_NAME, json.dumps({"file": name, "sha256": file_sha256(source)}, indent=2) + "\n")


def gguf_folder(source: Path) -> Path:
    """Folder in the cache with the converted model of a GGUF file of the user's; converted at the first call.

    Raises:
        BackboneError: See :func:`convert_gguf`.
    """
    from filelock import FileLock

    if not source.is_file():
        raise BackboneError(f"{source}: there is no such GGUF file. Check the path.")
    folder = cache_folder() / "backbones" / f"gguf-{file_sha256(source)[:16]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{folder.name}.lock"):
        recover_folder(folder)
        if not is_converted(folder):
            with atomic_folder(folder) as target:
                convert_gguf(source, target)
    return folder


def is_converted(folder: Path) -> bool:
    """Whether a folder holds a converted GGUF file."""
    return all((folder / name).is_file() for name in _NEEDED)


def gguf_sha256(folder: Path) -> str | None:
    """Checksum of the GGUF file a folder was converted from; None for a folder that was not."""
    try:
        return str(json.loads((folder / SOURCE_NAME).read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def quiet_transformers() -> Iterator[None]:
    """Keep the bars and advice of transformers out of the user's terminal; the caller says what happens."""
    from transformers.utils import logging as hf_logging

    level = hf_logging.get_verbosity()
    hf_logging.set_verbosity_error()
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        hf_logging.set_verbosity(level)
