"""LoRA adapters on a causal LM: what is trained of an LLM system, and all that its model folder keeps."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from erckit.errors import SettingError, nearest

if TYPE_CHECKING:
    from erckit.causal.causal_lm import CausalLM

ALL_LINEAR = "all-linear"


@dataclass(frozen=True, slots=True)
class LoraSettings:
    """Low-rank adapters (Hu et al. 2021) beside some matrices of a causal LM.

    Args:
        rank: Of the two small matrices, r.
        alpha: Their product is scaled by alpha / r.
        dropout: On what the adapters read.
        targets: Names of the matrices, as the backbone calls them; ``all-linear`` for every one but the output layer.
        layers: Only the uppermost so many layers have adapters, 0 for all; the way back through the others is saved.
        is_quantised: QLoRA: the backbone's own matrices in 4 bits (NF4); needs a GPU and bitsandbytes.
    """

    rank: int = 16
    alpha: float = 16.0
    dropout: float = 0.05
    targets: tuple[str, ...] = ("q_proj", "k_proj", "v_proj")
    layers: int = 0
    is_quantised: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= 1024:
            raise SettingError(f"'lora.rank' must be 1 to 1024, got {self.rank}.")
        if not 0 < self.alpha < math.inf:
            raise SettingError(f"'lora.alpha' must be more than 0 and finite, got {self.alpha}.")
        if not 0 <= self.dropout < 1:
            raise SettingError(f"'lora.dropout' must be in [0, 1), got {self.dropout}.")
        if self.layers < 0:
            raise SettingError(f"'lora.layers' must be 0 or more, got {self.layers}.")
        if not self.targets:
            raise SettingError("'lora.targets' names no matrix. Write lora.targets: [q_proj, k_proj, v_proj].")


def attach_lora(model: Any, settings: LoraSettings) -> Any:
    """The model with fresh adapters, which alone are trainable.

    Each adapter starts as a product of zero, so at first the model says what it said before.

    Args:
        model: A causal LM of transformers, changed in place.
        settings: Which adapters.

    Returns:
        A ``peft.PeftModel``.

    Raises:
        SettingError: A target that the model lacks (the nearest is named), no matrix to adapt, or peft is missing.
    """
    try:
        from peft import LoraConfig, get_peft_model
    except ImportError:
        raise SettingError("LLM systems need peft. Install it with: pip install 'erckit[llm]'") from None
    is_turned = _matrices(model)
    targets = list(settings.targets)
    for target in targets:
        if target not in is_turned and target != ALL_LINEAR:
            raise SettingError(f"'lora.targets': the backbone has no matrix '{target}'. {nearest(target, is_turned)}")
    chosen = sorted(is_turned) if ALL_LINEAR in targets else targets
    if not chosen:
        raise SettingError(
            f"'lora.targets': the backbone, a '{model.config.model_type}' model, has no matrix that adapters could go "
            "beside. Choose another model.backbone."
        )
    depth = int(getattr(model.config, "num_hidden_layers", 0))
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,  # type: ignore[arg-type]  # a float does as well
        lora_dropout=settings.dropout,
        target_modules=chosen,
        layers_to_transform=list(range(depth - settings.layers, depth)) if 0 < settings.layers < depth else None,
        fan_in_fan_out=all(is_turned[target] for target in chosen),
        bias="none",
        task_type="CAUSAL_LM",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by an old name
        try:
            return get_peft_model(model, config)
        except ValueError:
            if config.layers_to_transform is None:
                raise
            raise SettingError(
                f"'lora.layers': the upper {settings.layers} of {depth} layers have no {' or '.join(chosen)}. "
                "Raise it, or name other lora.targets."
            ) from None


def _matrices(model: Any) -> dict[str, bool]:
    """Names of the matrices that adapters can go beside, all but the output layer's, and whether they lie turned."""
    from torch.nn import Linear
    from transformers.pytorch_utils import Conv1D  # the linear layer of GPT-2

    named = {name: module for name, module in model.named_modules() if isinstance(module, (Linear, Conv1D))}
    output = model.get_output_embeddings()
    apart = {"lm_head", *(name.rpartition(".")[2] for name, module in named.items() if module is output)}
    return {
        last: isinstance(module, Conv1D)
        for name, module in named.items()
        if (last := name.rpartition(".")[2]) not in apart
    }


def load_with_lora(backbone: str, settings: LoraSettings | None, dtype: str = "fp32", device: str = "cpu") -> CausalLM:
    """A causal LM with fresh adapters.

    Args:
        backbone: See ``load_causal_lm``.
        settings: Which adapters; None for the causal LM as it is.
        dtype: Of its own weights, ``fp32`` or ``bf16``, which is to be run under autocast; adapters are always 32-bit
            floats.
        device: As torch names it.

    Raises:
        BackboneError: It cannot be had.
        SettingError: As ``attach_lora``.
    """
    from erckit.causal.causal_lm import load_causal_lm

    if settings is None:
        return load_causal_lm(backbone, dtype, device)
    if settings.is_quantised:
        check_quantised()
        lm = load_causal_lm(backbone, dtype, device, _four_bits())
        network = attach_lora(_for_training(lm.model), settings)
    else:
        lm = load_causal_lm(backbone, dtype, device)
        network = attach_lora(lm.model, settings)
    if dtype == "bf16":
        for module in network.modules():
            if hasattr(module, "cast_input_dtype_enabled"):
                # autocast chooses the type; peft's own copies in 32 bits would be kept for the way back
                module.cast_input_dtype_enabled = False
    return lm.with_model(network)


def save_memory(model: Any) -> None:
    """Gradient checkpointing: layers are computed again on the way back instead of kept."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # transformers is about to rename it
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})


def check_quantised() -> None:
    """Refuse QLoRA where it cannot be had.

    Raises:
        SettingError: No bitsandbytes, or no GPU.
    """
    import importlib.util

    import torch

    if importlib.util.find_spec("bitsandbytes") is None:
        raise SettingError(
            "'lora.is_quantised: true' needs bitsandbytes, which is not installed. Install it with: "
            "pip install 'erckit[qlora]'. Or set lora.is_quantised=false."
        )
    if not torch.cuda.is_available():
        raise SettingError("'lora.is_quantised: true' needs a CUDA GPU; none is here. Set lora.is_quantised=false.")


def _four_bits() -> Any:
    """NF4 with double quantisation, multiplied in bf16, as QLoRA has it (Dettmers et al. 2023)."""
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _for_training(model: Any) -> Any:
    from peft import prepare_model_for_kbit_training

    return prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
