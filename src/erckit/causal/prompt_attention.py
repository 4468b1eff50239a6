"""Which causal language models can read several prompts in one row, and with which of transformers' attentions."""

from __future__ import annotations

import inspect
from typing import Any

from erckit.backbones.causal_lms import DEFAULT_CAUSAL_LM
from erckit.errors import BackboneError

# Kinds that transformers has no ``scaled_dot_product_attention`` for, and whose plain attention obeys the mask.
PLAIN = ("codegen", "gpt_neox_japanese", "gpt_oss", "gptj", "xglm")

_ALIBI = "its attention fades with the distance in the row (ALiBi), which is not the distance in a prompt"
_COUNTS_ROW = {
    "bloom": _ALIBI,
    "mpt": _ALIBI,
    "gpt_neo": "its local attention reaches so many places back in the row, whatever stands there",
}


def one_pass_attention(config: Any, name: str) -> str:
    """The attention that reads several prompts in one row as if each stood alone.

    Such a row needs two things of a model: it takes the position of each token, and it obeys a mask that says what
    each token may see.

    Args:
        config: Of the model, as transformers makes it.
        name: Of the model, for messages.

    Returns:
        ``sdpa`` or ``eager``, names of transformers.

    Raises:
        BackboneError: The model cannot be read so.
    """
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    # Soft-capped attention scores exist in the plain implementation only.
    if getattr(config, "attn_logit_softcapping", None):
        return "eager"
    if type(config) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        return "sdpa"  # loading tells what is wrong with it
    network: Any = MODEL_FOR_CAUSAL_LM_MAPPING[type(config)]
    kind = config.model_type
    why = _COUNTS_ROW.get(kind, _ALIBI if getattr(config, "alibi", False) else "")
    if not why and "position_ids" not in inspect.signature(network.forward).parameters:
        why = "it does not take the positions of tokens"
    if not why and kind not in PLAIN and not network._supports_sdpa:
        why = "its attention is not known to obey the mask that keeps them apart"
    if why:
        raise BackboneError(
            f"backbone '{name}' is a '{kind}' model, which cannot read several prompts in one pass: {why}. "
            f"Choose another model, such as '{DEFAULT_CAUSAL_LM}'."
        )
    return "eager" if kind in PLAIN else "sdpa"
