"""One transformer layer over the utterances around a target, each target with a window of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erckit.encoding.dropout import dropout
from erckit.errors import SettingError
from erckit.networks.shared_settings import ModelSettings


class ContextLayer(nn.Module):
    """A transformer layer in which every target attends to itself and to its window.

    Queries are the targets alone, and each vector becomes a key and a value once for all windows it is in: the cost
    is that of one layer over the conversation. Positions are distances to the target, one per place of the window:
    a bias on the score of each head and a vector added to the value. Post-norm, as ``nn.TransformerEncoderLayer``.

    Args:
        width: H.
        places: Places of a window, W.
        heads: Attention heads; ``width`` is a multiple of it.
        feedforward: Inner width of the second half; 0 leaves it out.
        dropout_rate: Dropout after attention, inside the second half and after it.
    """

    def __init__(self, width: int, places: int, heads: int, feedforward: int, dropout_rate: float) -> None:
        super().__init__()
        self.heads, self.rate = heads, dropout_rate
        self.places = places
        if places:
            self.query = nn.Linear(width, width)
            self.key_value = nn.Linear(width, 2 * width)
            self.output = nn.Linear(width, width)
            self.distance_bias = nn.Parameter(torch.zeros(heads, places + 1))
            self.distance = nn.Parameter(torch.randn(places + 1, width) * 0.02)
            self.attention_norm = nn.LayerNorm(width)
        if feedforward:
            self.inner = nn.Linear(width, feedforward)
            self.outer = nn.Linear(feedforward, width)
            self.output_norm = nn.LayerNorm(width)
        self.has_feedforward = feedforward > 0

    def forward(self, targets: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        """Contextual vectors of the targets.

        Args:
            targets: (R, H).
            sources: Vectors that windows point to, (S, H).
            windows: Rows of ``sources`` by place, -1 for none, (R, W).

        Returns:
            (R, H), 32-bit floats.
        """
        hidden = targets.float()
        if self.places:
            attended = self._drop(self._attend(targets, sources, windows))
            hidden = self.attention_norm(hidden + attended.float())  # (R, H)
        if self.has_feedforward:
            inner = self._drop(F.gelu(self.inner(hidden)))
            hidden = self.output_norm(hidden + self._drop(self.outer(inner)).float())  # (R, H)
        return hidden

    def _attend(self, targets: Tensor, sources: Tensor, windows: Tensor) -> Tensor:
        rows, places = windows.shape
        used, local = torch.unique(windows.clamp(min=0), return_inverse=True)
        near = self.key_value(sources[used]) if len(sources) else targets.new_zeros(1, 2 * targets.shape[1])
        own = self.key_value(targets)  # (R, 2H)
        near = F.embedding(local, near.to(own.dtype))  # (R, W, 2H)
        both = torch.cat([near, own[:, None]], dim=1)  # (R, W + 1, 2H): the target is the last place
        keys, values = both.chunk(2, dim=2)
        values = values + self.distance.to(values.dtype)
        shape = (rows, places + 1, self.heads, -1)
        keys, values = keys.reshape(shape), values.reshape(shape)
        queries = self.query(targets).view(rows, self.heads, -1) * keys.shape[-1] ** -0.5
        scores = torch.einsum("rhd,rwhd->rhw", queries, keys).float() + self.distance_bias  # (R, heads, W + 1)
        empty = F.pad(windows < 0, (0, 1))[:, None]  # the target is always there
        weights = torch.softmax(scores.masked_fill(empty, -torch.inf), dim=-1).to(values.dtype)
        attended = torch.einsum("rhw,rwhd->rhd", weights, values).reshape(rows, -1)
        return self.output(attended)  # (R, H)

    def _drop(self, values: Tensor) -> Tensor:
        return dropout(values, self.rate) if self.training else values


def check_heads(settings: ModelSettings, width: int) -> None:
    """Refuse a number of attention heads that does not divide a vector.

    Args:
        settings: Of a system whose own settings have ``heads``.
        width: Length of a vector, H.

    Raises:
        SettingError: It does not.
    """
    if width % settings.own.heads:
        raise SettingError(
            f"'model.{settings.name}.heads' must divide the {width} units of a vector, got {settings.own.heads}."
        )
