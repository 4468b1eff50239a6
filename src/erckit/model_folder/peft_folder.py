"""The adapter of an LLM system as peft lays adapters out, for programs that load those: peft itself, vLLM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from erckit.backbones.gguf import gguf_sha256, quiet_transformers
from erckit.backbones.weights_checksum import folder_sha256
from erckit.causal.causal_lm import causal_lm_folder
from erckit.causal.lora import attach_lora
from erckit.errors import ModelFolderError
from erckit.model_folder.adapter_folder import AdapterFolder
from erckit.model_folder.folder import check_version
from erckit.model_folder.tensors import set_trained_tensors
from erckit.storage.atomic import atomic_folder

TENSORS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"


def check_new(folder: Path) -> None:
    """Refuse a place where something is.

    Raises:
        ModelFolderError: A file, or a folder that is not empty.
    """
    if folder.exists() and not folder.is_dir():
        raise ModelFolderError(f"'{folder}' is a file. Name a new folder.")
    if folder.is_dir() and any(folder.iterdir()):
        raise ModelFolderError(f"'{folder}' is not empty. Name a new folder, or remove this one.")


def write_peft_folder(adapter: AdapterFolder, source: object, folder: Path) -> Path:
    """Write an adapter where peft and vLLM can load it; the weights of its causal LM are not loaded.

    Args:
        adapter: What the model folder holds.
        source: Where that was read from, for messages.
        folder: New or empty: ``adapter_model.safetensors``, ``adapter_config.json`` and ``README.md``.

    Raises:
        ModelFolderError: ``folder`` holds something; nothing was trained; the adapter does not fit its causal LM, or
            that is here in another version.
        BackboneError: The causal LM cannot be had.
    """
    from safetensors.torch import save_file

    check_new(folder)
    if not adapter.tensors:
        raise ModelFolderError(f"{source}: has no adapter, as nothing was trained. Use '{adapter.base}' as it is.")
    base = causal_lm_folder(adapter.base)
    check_version(source, f"'{adapter.base}'", adapter.base_sha256, folder_sha256(base), adapter.base)
    config = _config(adapter, base, source)
    # peft names an adapter's tensors without the name that the adapter has in a running model.
    tensors = {name.replace(".default.", "."): values for name, values in adapter.tensors.items()}
    with atomic_folder(folder) as target:
        save_file(tensors, target / TENSORS, metadata={"format": "pt"})
        (target / TENSORS).chmod(0o644)  # safetensors writes for the owner only
        (target / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        is_widened = gguf_sha256(base) is not None
        (target / "README.md").write_text(_card(adapter, is_widened), encoding="utf-8")
    return folder


def _config(adapter: AdapterFolder, base: Path, source: object) -> dict[str, Any]:
    """What peft has to know, as it was when the adapter was trained; only keys that older readers know too."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(base, trust_remote_code=False, local_files_only=True)
    with quiet_transformers(), torch.device("meta"):  # shapes alone
        network = AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    network = attach_lora(network, adapter.lora)
    set_trained_tensors(network, adapter.tensors, source)  # refuses what does not fit
    trained = network.peft_config["default"]
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": adapter.base,
        "r": trained.r,
        "lora_alpha": int(trained.lora_alpha) if trained.lora_alpha == int(trained.lora_alpha) else trained.lora_alpha,
        "lora_dropout": trained.lora_dropout,
        "target_modules": sorted(trained.target_modules),
        "layers_to_transform": trained.layers_to_transform,
        "fan_in_fan_out": trained.fan_in_fan_out,
        "bias": trained.bias,
        "inference_mode": True,
    }


def _card(adapter: AdapterFolder, is_widened: bool) -> str:
    """Markdown: which causal LM the adapter belongs to, and what does not travel with it."""
    widened = ""
    if is_widened:
        where = (
            f"`backbones/gguf-{adapter.base_sha256[:16]}` in erckit's cache folder"
            if adapter.base.endswith(".gguf")
            else "the folder that `erckit backbones list` tells"
        )
        widened = (
            "\n- The weights of the base model were widened from a GGUF file, whose sha256 that is; those of the same "
            f"name from\n  elsewhere differ a little. Transformers and vLLM read them from {where}"
        )
    quantised = "\n- In training the base model was quantised to 4 bits (NF4)" if adapter.lora.is_quantised else ""
    return f"""# {adapter.name}

A LoRA adapter in the layout of peft, written by `erckit export`.

- Base model: `{adapter.base}`, sha256 `{adapter.base_sha256}`; it is not part of this folder{widened}{quantised}
- Rank {adapter.lora.rank}: vLLM needs `--max-lora-rank` of at least that
- System: {adapter.system}; labels: {", ".join(adapter.label_set.labels)}
- Trained on: the train split of `{adapter.recipe.get("corpus")}`

The adapter was trained on erckit's prompts and means nothing with others. erckit scores every label's likelihood; its
temperature and what it adds to label scores are not part of this folder. For its labels use the erckit model folder.
"""
