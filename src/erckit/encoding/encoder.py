"""The conversation encoder: a backbone's weights, each token of a conversation encoded once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erckit.encoding.architecture import Layer, check_depth, check_supported, layers_of, position_offset, relative_bias
from erckit.encoding.attention import attend, attention_masks
from erckit.encoding.dropout import dropout
from erckit.encoding.packing import PackedBatch
from erckit.errors import BackboneError, SettingError, nearest

POOLINGS = ("mean", "marker", "first")


class ConversationEncoder(nn.Module):
    """Encodes packed conversations and reads one vector off every utterance.

    Args:
        backbone: A transformers encoder of a supported architecture, without pooler.
        pooling: ``mean`` of the utterance's tokens, its ``marker`` (first) token, or the ``first`` token of the
            whole sequence, which makes sense only where each target has a sequence of its own.
        identities: Rows of the learned speaker embedding (row 0 means no speaker and stays zero), 0 for no table.
        dropout_rate: Dropout on hidden states while training; None keeps the backbone's own value.
        attention_dropout: Dropout on attention weights while training. Deviation from the backbones' 0.1: off by
            default, because drawing the mask costs more than the attention itself on CPU.

    Raises:
        BackboneError: Unsupported architecture.
        SettingError: Unknown pooling.
    """

    def __init__(
        self,
        backbone: nn.Module,
        *,
        pooling: str = "mean",
        identities: int = 0,
        dropout_rate: float | None = None,
        attention_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        config: Any = backbone.config
        check_supported(config, getattr(config, "name_or_path", "") or config.model_type)
        if pooling not in POOLINGS:
            raise SettingError(f"unknown pooling '{pooling}'. {nearest(pooling, POOLINGS)}")
        self.backbone = backbone
        self.pooling = pooling
        self.heads = int(config.num_attention_heads)
        self.width = int(config.hidden_size)
        self.offset = position_offset(config)
        self.max_tokens = int(config.max_position_embeddings) - self.offset
        self.dropout = float(config.hidden_dropout_prob) if dropout_rate is None else dropout_rate
        self.attention_dropout = attention_dropout
        self.speakers = nn.Embedding(identities, self.width, padding_idx=0) if identities else None
        if self.speakers is not None:
            nn.init.normal_(self.speakers.weight[1:], std=0.02)

    def forward(self, batch: PackedBatch) -> Tensor:
        """Vectors of the utterances that the batch reads, (R, H), in the encoder's float type."""
        hidden = self.hidden_states(batch)  # (N, H)
        return self.pool(hidden, batch).to(hidden.dtype)

    def pool(self, hidden: Tensor, batch: PackedBatch) -> Tensor:
        """Vectors of the utterances that the batch reads, (R, H), from the states of its tokens, (N, H).

        Means are 32-bit floats whatever the states are.
        """
        if self.pooling == "marker":
            return hidden[batch.markers]  # (R, H)
        if self.pooling == "first":
            return hidden[batch.firsts]  # (R, H)
        read = batch.rows >= 0
        rows = batch.rows[read]
        sums = hidden.new_zeros(batch.utterances, self.width, dtype=torch.float32)
        sums = sums.index_add(0, rows, hidden[read].float())  # (R, H)
        counts = torch.bincount(rows, minlength=batch.utterances).clamp(min=1)
        return sums / counts[:, None]  # (R, H)

    def hidden_states(self, batch: PackedBatch) -> Tensor:
        """Last hidden state of every token, (N, H)."""
        hidden = batch.tokens
        for states in self.layer_states(batch):  # only the last is kept
            hidden = states
        return hidden

    def layer_states(self, batch: PackedBatch) -> Iterator[Tensor]:
        """Hidden states of every token below the first layer and after each, (N, H) each."""
        hidden = self.embed(batch.tokens, batch.positions, batch.identities)  # (N, H)
        masks = self._masks(batch, self._compute_dtype(hidden))
        yield hidden
        for layer in layers_of(self.backbone):
            qkv = self.project(layer, hidden)  # (N, 3H)
            dropout = self.attention_dropout if self.training else 0.0
            hidden = self.finish(layer, hidden, attend(qkv, batch, masks, self.heads, dropout))
            yield hidden

    def embed(self, tokens: Tensor, positions: Tensor, identities: Tensor) -> Tensor:
        """Sum of word, position, token-type and speaker embeddings, normalised; all arguments (N,), returns (N, H)."""
        table: Any = self.backbone.embeddings
        hidden = table.word_embeddings(tokens) + table.position_embeddings(positions + self.offset)
        if hasattr(table, "token_type_embeddings"):
            hidden = hidden + table.token_type_embeddings.weight[0]
        if self.speakers is not None:
            hidden = hidden + self.speakers(identities)
        hidden = table.LayerNorm(hidden)
        # under autocast the residual stream, too, is kept in the short type: half the memory traffic, no casts
        return self._drop(hidden.to(self._compute_dtype(hidden)))  # (N, H)

    def project(self, layer: Layer, hidden: Tensor) -> Tensor:
        """Scaled queries, keys and values side by side, (N, 3H)."""
        scale = (self.width // self.heads) ** -0.5
        # one product instead of three; scaling the weights is cheaper than scaling every query
        weight = torch.cat([layer.query.weight * scale, layer.key.weight, layer.value.weight])
        bias = torch.cat([layer.query.bias * scale, layer.key.bias, layer.value.bias])
        return F.linear(hidden, weight, bias)  # (N, 3H)

    def finish(self, layer: Layer, hidden: Tensor, attended: Tensor) -> Tensor:
        """Everything in a layer after attention; (N, H) to (N, H)."""
        hidden = layer.attention_norm(self._drop(layer.attention_output(attended)) + hidden)
        inner = layer.activation(layer.intermediate(hidden))  # (N, 4H)
        return layer.output_norm(self._drop(layer.output(inner)) + hidden)  # (N, H)

    def _drop(self, hidden: Tensor) -> Tensor:
        return dropout(hidden, self.dropout) if self.training else hidden

    def _masks(self, batch: PackedBatch, dtype: torch.dtype) -> list[Tensor]:
        masks = attention_masks(batch, dtype)
        length = max(group.length for group in batch.groups)
        positions = torch.arange(length, device=batch.tokens.device)
        bias = relative_bias(self.backbone, positions, positions)  # (1, heads, T, T)
        if bias is None:
            return masks
        lowest = torch.finfo(dtype).min
        return [
            (mask + bias[..., : group.length, : group.length].to(dtype)).clamp(min=lowest)
            for mask, group in zip(masks, batch.groups, strict=True)
        ]

    def _compute_dtype(self, hidden: Tensor) -> torch.dtype:
        kind = hidden.device.type
        return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else hidden.dtype


def load_backbone(folder: Path) -> nn.Module:
    """Load an encoder from a folder with config.json and model.safetensors, in 32-bit floats, without its pooler.

    Raises:
        BackboneError: The folder is no transformers encoder, or of an architecture erckit does not encode.
    """
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    verbosity, has_bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # the missing pooler is on purpose
    logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        check_supported(config, str(folder))
        check_depth(config)
        extra = {} if config.model_type == "electra" else {"add_pooling_layer": False}
        model, found = AutoModel.from_pretrained(
            folder,
            config=config,
            dtype=torch.float32,
            trust_remote_code=False,
            local_files_only=True,
            use_safetensors=True,
            output_loading_info=True,
            **extra,
        )
    except (BackboneError, ImportError, MemoryError):
        raise
    except Exception as error:  # transformers lets out whatever it stumbles over, of classes of its own
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BackboneError(
            f"{folder}: not a backbone that can be loaded ({reason}). "
            "Give a folder with config.json, model.safetensors and tokenizer files, or a name that "
            "'erckit backbones list' prints."
        ) from None
    finally:
        logging.set_verbosity(verbosity)
        if has_bar:
            logging.enable_progress_bar()
    if found["missing_keys"]:  # transformers would go on with random weights
        raise BackboneError(
            f"{folder}: model.safetensors lacks the weights {', '.join(sorted(found['missing_keys'])[:3])}, ... "
            "Get the backbone again, or give the folder of a whole encoder."
        )
    return model.eval()  # type: ignore[no-any-return]
