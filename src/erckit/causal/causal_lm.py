"""A causal language model and its tokenizer: loaded by name, folder or GGUF file, asked for logits where wanted."""

from __future__ import annotations

import dataclasses
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from erckit.backbones.causal_lms import CAUSAL_BACKBONES, DEFAULT_CAUSAL_LM
from erckit.backbones.get_backbone import get_backbone
from erckit.backbones.gguf import gguf_folder, quiet_transformers
from erckit.backbones.weights_checksum import folder_sha256
from erckit.causal.branch_attention import BRANCHED, TILED, Branches, branches_of, register_branched_attention
from erckit.causal.chat_frame import ChatFrame, chat_frame
from erckit.causal.plain_text import PlainText
from erckit.causal.prompt_attention import one_pass_attention
from erckit.causal.prompt_packing import PromptBatch
from erckit.encoding.architecture import check_depth
from erckit.errors import BackboneError, SettingError, nearest

__all__ = [
    "DEFAULT_CAUSAL_LM", "DTYPES", "CausalLM", "causal_lm", "causal_lm_folder", "load_causal_lm", "weights_sha256",
]  # fmt: skip

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}

_KNOWN = tuple(CAUSAL_BACKBONES)

# The places at which this thread's forward pass wants logits; see CausalLM.logits_at.
_PLACES: ContextVar[Tensor | None] = ContextVar("places", default=None)


@dataclass(frozen=True, slots=True)
class CausalLM:
    """A causal language model and what is needed to prompt it.

    Args:
        model: The network, as transformers makes it, or the same under LoRA.
        tokenizer: Its tokenizer.
        folder: Where it was loaded from.
        name: Name it was asked for by.
        sha256: Checksum that says which weights these are, see ``folder_sha256``.
        frame: What the model wants around a prompt.
        stop_tokens: Token ids that end an answer.
        plain_text: Turns text into token ids, never into control tokens.
    """

    model: Any
    tokenizer: Any
    folder: Path
    name: str
    sha256: str
    frame: ChatFrame
    stop_tokens: tuple[int, ...]
    plain_text: PlainText

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(iter(self.model.parameters())).device

    @property
    def positions(self) -> int:
        """The longest prompt, answer included, that the model takes, in tokens."""
        return int(getattr(self._config, "max_position_embeddings", 0) or 1 << 30)

    @property
    def padding_token(self) -> int:
        """Token id that stands where there is nothing."""
        token = self.tokenizer.pad_token_id
        return int(token if token is not None else self.stop_tokens[0])

    def text_tokens(self, text: str) -> tuple[int, ...]:
        """Token ids of ``text``; what looks like a control token in it is read as letters."""
        return self.plain_text.tokens(text)

    def with_model(self, model: Any) -> CausalLM:
        """The same with another network in its place: one that peft has put adapters into, say."""
        return dataclasses.replace(self, model=model)

    def logits_at(
        self,
        tokens: Tensor,
        mask: Any,
        positions: Tensor | None,
        places: Tensor,
        branches: Branches | None = None,
    ) -> Tensor:
        """Next-token logits at chosen places of a batch.

        The output layer is as large as the rest of a small model, so it is run at these places only.

        Args:
            tokens: Token ids, (B, T) int64.
            mask: Attention mask as the model takes it: 4-D additive, a mapping of such, or None for plain causal.
            positions: Position of each token, (B, T) int64, or None for 0, 1, 2, ...
            places: Flat places in the batch (b * T + t), (M,) int64.
            branches: What ``mask`` says, as ``branches_of`` gives it for quicker attention; None to use the mask.

        Returns:
            Logits over the vocabulary, (M, V).
        """
        head = self.model.get_output_embeddings()
        before = _PLACES.set(places)
        hook = head.register_forward_pre_hook(_choose_places)
        quick = {} if branches is None else {"branches": branches}
        try:
            output = self.model(input_ids=tokens, attention_mask=mask, position_ids=positions, use_cache=False, **quick)
        finally:
            hook.remove()
            _PLACES.reset(before)
        return output.logits[0]  # (M, V)

    def attention_mask(self, allowed: Tensor, positions: Tensor) -> Any:
        """The mask the model's own attention takes, from what may be attended to.

        Args:
            allowed: Whether query t may attend to key s, (B, T, T) bool.
            positions: Position of each token, (B, T) int64.

        Returns:
            An additive mask, (B, 1, T, T); for a model that mixes kinds of layers, a mapping from kind to mask. Layers
            with a sliding window see only as far back as they would in a prompt of its own.
        """
        kinds = set(getattr(self._config, "layer_types", None) or ())
        window = getattr(self._config, "sliding_window", None)
        if unknown := kinds - {"full_attention", "sliding_attention"}:
            raise BackboneError(
                f"backbone '{self.name}' has layers of kind {', '.join(sorted(unknown))}; one-pass scoring is for "
                "ordinary attention. Choose a Llama-like model."
            )
        full = _additive(allowed, self.model.dtype)
        if not window or kinds == {"full_attention"}:
            return full
        near = positions[:, :, None] - positions[:, None, :] < window
        sliding = _additive(allowed & near, self.model.dtype)
        # transformers hands a model whose layers all slide a single mask.
        return {"full_attention": full, "sliding_attention": sliding} if kinds else sliding

    def branches(self, batch: PromptBatch, mask: Any) -> Branches | None:
        """What ``mask`` says of a batch, for ``logits_at``; None where the mask alone will do.

        That is on a GPU, whose kernels prefer one mask, for a model with attention of its own, and where a layer's
        sliding window is shorter than a prompt.

        Args:
            batch: On the model's device.
            mask: As ``attention_mask`` gives it.
        """
        if batch.tokens.device.type != "cpu" or getattr(self._config, "_attn_implementation", None) != BRANCHED:
            return None
        window = getattr(self._config, "sliding_window", None)
        if window and int(batch.positions.max()) >= window:
            return None
        return branches_of(batch, self.model.dtype, list(mask.values()) if isinstance(mask, dict) else [mask])

    @property
    def _config(self) -> Any:
        config = self.model.config
        return config.get_text_config() if hasattr(config, "get_text_config") else config


def load_causal_lm(
    name: str | Path = DEFAULT_CAUSAL_LM, dtype: str = "fp32", device: str = "cpu", quantisation: Any = None
) -> CausalLM:
    """Load a causal language model.

    Args:
        name: A name of ``CAUSAL_BACKBONES`` (fetched if it is not here), a GGUF file (converted once into the cache),
            a folder with safetensors weights, or a name on the hub.
        dtype: ``fp32`` or ``bf16``.
        device: Where the weights go, as torch names it.
        quantisation: A ``transformers.BitsAndBytesConfig``: weights become 4-bit one by one as they are read, so that
            the whole never stands anywhere; None for none.

    Raises:
        BackboneError: It cannot be had or read, is not a causal language model, lacks some of the weights, or cannot
            read several prompts in one pass.
        SettingError: An unknown dtype.
    """
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    if dtype not in DTYPES:
        raise SettingError(f"unknown dtype '{dtype}'. {nearest(dtype, DTYPES)}")
    name = str(name)
    folder = causal_lm_folder(name)
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        check_depth(config)
        if _is_encoder(config):
            raise ValueError(f"a {config.model_type} that reads in both directions is an encoder")
        attention = one_pass_attention(config, name)
        how: dict[str, Any] = {"dtype": DTYPES[dtype], "attn_implementation": attention, "use_safetensors": True}
        if quantisation is not None:
            how |= {"quantization_config": quantisation, "device_map": {"": device}}
        with quiet_transformers():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder, config=config, output_loading_info=True, trust_remote_code=False, local_files_only=True, **how
            )
        model, found = loaded
        if missing := sorted(found["missing_keys"]):  # transformers would go on with random weights
            raise ValueError(f"its files lack the weights {', '.join(missing[:3])}{', ...' * (len(missing) > 3)}")
        if attention == "sdpa" and config.model_type in TILED:
            model.set_attn_implementation(register_branched_attention())
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (BackboneError, ImportError, MemoryError):
        raise
    except Exception as error:  # transformers lets out whatever it stumbles over, of classes of its own
        reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
        raise BackboneError(
            f"backbone '{name}': cannot be loaded as a causal language model ({reason}). "
            f"Choose one that is, such as '{DEFAULT_CAUSAL_LM}'."
        ) from None
    # 4-bit weights are where they belong already, and may not be moved.
    return causal_lm(model.eval() if quantisation is not None else model.eval().to(device), tokenizer, folder, name)


def causal_lm_folder(name: str | Path) -> Path:
    """Folder of a causal language model with its configuration, safetensors weights and tokenizer.

    Args:
        name: As for ``load_causal_lm``; it is fetched or converted if need be.

    Raises:
        BackboneError: It cannot be had.
    """
    if str(name).endswith(".gguf"):
        return gguf_folder(Path(name).expanduser())
    return get_backbone(str(name), known=_KNOWN)


def weights_sha256(name: str | Path) -> str:
    """Which weights a causal language model has (``CausalLM.sha256``), without loading them.

    Raises:
        BackboneError: It cannot be had.
    """
    return folder_sha256(causal_lm_folder(name))


def causal_lm(model: Any, tokenizer: Any, folder: Path, name: str) -> CausalLM:
    """A loaded network and its tokenizer as a :class:`CausalLM`."""
    return CausalLM(
        model, tokenizer, folder, name, folder_sha256(folder), chat_frame(tokenizer), _stops(model, tokenizer),
        PlainText(tokenizer),
    )  # fmt: skip


def _is_encoder(config: Any) -> bool:
    """Whether a configuration is of a network that fills gaps: transformers would make a causal one of it too."""
    from transformers import MODEL_FOR_MASKED_LM_MAPPING

    is_encoder = type(config) in MODEL_FOR_MASKED_LM_MAPPING and not getattr(config, "is_decoder", False)
    return is_encoder or bool(getattr(config, "is_encoder_decoder", False))


def _choose_places(head: nn.Module, arguments: tuple[Tensor, ...]) -> tuple[Tensor] | None:
    places = _PLACES.get()
    if places is None:
        return None
    _PLACES.set(None)  # another thread's hook on the same layer must not choose a second time
    return (arguments[0].flatten(0, 1)[places][None],)  # (1, M, H)


def _additive(allowed: Tensor, dtype: torch.dtype) -> Tensor:
    mask = torch.zeros(allowed.shape, dtype=dtype, device=allowed.device)
    return mask.masked_fill_(~allowed, torch.finfo(dtype).min)[:, None]  # (B, 1, T, T)


def _stops(model: Any, tokenizer: Any) -> tuple[int, ...]:
    """Token ids that end an answer; the tokenizer's own first, since training writes that one."""
    said = getattr(model.generation_config, "eos_token_id", None)
    ids = [tokenizer.eos_token_id, *(said if isinstance(said, (list, tuple)) else [said])]
    return tuple(dict.fromkeys(int(token) for token in ids if token is not None))
