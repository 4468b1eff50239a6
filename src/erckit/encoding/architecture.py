"""One view of the transformer layers of BERT-, RoBERTa- and MPNet-like backbones.

erckit runs the backbone's own weights with its own attention, so that several conversations can share a row of
tokens, future utterances can be barred, and keys and values can be kept for a stream. What differs between these
architectures is only where the weights live and how positions enter; this module knows both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from erckit.errors import BackboneError

BERT_LIKE = ("bert", "roberta", "xlm-roberta", "camembert", "electra")
MOST_LAYERS = 1000
SUPPORTED = (*BERT_LIKE, "mpnet")


@dataclass(frozen=True, slots=True)
class Layer:
    """The parts of one post-norm transformer layer."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    attention_output: nn.Linear
    attention_norm: nn.LayerNorm
    intermediate: nn.Linear
    activation: Callable[[Tensor], Tensor]
    output: nn.Linear
    output_norm: nn.LayerNorm


def check_depth(config: Any) -> None:
    """Refuse a configuration that asks for more layers than any model has; making them alone would take minutes.

    Raises:
        ValueError: It does.
    """
    layers = getattr(config, "num_hidden_layers", 0)
    if not isinstance(layers, int) or layers > MOST_LAYERS:
        raise ValueError(f"its config.json asks for {layers!r:.20} layers, {MOST_LAYERS} are the most")


def check_supported(config: Any, name: str) -> None:
    """Refuse backbones whose layers this view does not describe.

    Raises:
        BackboneError: Unknown architecture, or position embeddings other than absolute ones.
    """
    if config.model_type not in SUPPORTED:
        raise BackboneError(
            f"backbone '{name}' is a '{config.model_type}' model; erckit encodes {', '.join(SUPPORTED)}. "
            "Choose a backbone of one of these architectures."
        )
    if getattr(config, "position_embedding_type", None) not in (None, "absolute"):
        raise BackboneError(
            f"backbone '{name}' has '{config.position_embedding_type}' position embeddings; "
            "erckit encodes backbones with absolute ones."
        )
    if getattr(config, "embedding_size", config.hidden_size) != config.hidden_size:
        raise BackboneError(
            f"backbone '{name}' has embeddings of {config.embedding_size} and layers of {config.hidden_size} units; "
            "erckit encodes backbones where both are equal."
        )


def position_offset(config: Any) -> int:
    """What is added to a position before the table is read: RoBERTa and MPNet start after the padding index."""
    if config.model_type in ("bert", "electra"):
        return 0
    return 2 if config.model_type == "mpnet" else int(config.pad_token_id) + 1


def layers_of(backbone: nn.Module) -> list[Layer]:
    """The backbone's layers, bottom first."""
    found = []
    for layer in backbone.encoder.layer:  # type: ignore[union-attr]
        attention = layer.attention
        if hasattr(attention, "attn"):  # MPNet
            inner = attention.attn
            query, key, value, output = inner.q, inner.k, inner.v, inner.o
            norm = attention.LayerNorm
        else:
            inner = attention.self
            query, key, value = inner.query, inner.key, inner.value
            output, norm = attention.output.dense, attention.output.LayerNorm
        found.append(
            Layer(
                query,
                key,
                value,
                output,
                norm,
                layer.intermediate.dense,
                layer.intermediate.intermediate_act_fn,
                layer.output.dense,
                layer.output.LayerNorm,
            )
        )
    return found


def relative_bias(backbone: nn.Module, query_positions: Tensor, key_positions: Tensor) -> Tensor | None:
    """MPNet's bias by relative position, (1, heads, Tq, Tk); None for other architectures.

    Source: MPNet (Song et al. 2020), the bucketing of T5.
    Deviations: the table is not trained, so one bias serves all layers and steps without a gradient of its size.
    """
    encoder = backbone.encoder
    table = getattr(encoder, "relative_attention_bias", None)
    if table is None:
        return None
    with torch.no_grad():
        distance = key_positions[None, :] - query_positions[:, None]  # (Tq, Tk)
        bucket = encoder.relative_position_bucket(distance, num_buckets=table.num_embeddings)  # type: ignore[union-attr,operator]
        return table(bucket).permute(2, 0, 1).unsqueeze(0)  # type: ignore[no-any-return]  # (1, heads, Tq, Tk)
