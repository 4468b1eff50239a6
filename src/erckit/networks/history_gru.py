"""A GRU over windows of shared vectors: the latest utterances of a speaker."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from erckit.encoding.dropout import dropout


class HistoryGRU(nn.GRU):
    """A GRU over windows of shared vectors that does no work on missing history.

    Same parameters and results as ``torch.nn.GRU`` over packed sequences; here each distinct vector is projected
    once for all windows it is in, and the products run in the precision that autocast asks for.
    """

    def forward(self, sources: Tensor, windows: Tensor) -> Tensor:  # type: ignore[override]
        """Last hidden state per window, zero where a window is empty.

        Args:
            sources: Distinct history vectors, (S, H).
            windows: Rows of ``sources``, oldest first, right-aligned, -1 for none, (R, W).

        Returns:
            (R, H), 32-bit floats.
        """
        rows, steps = windows.shape
        lengths = (windows >= 0).sum(1)
        order = torch.argsort(lengths, descending=True, stable=True)
        windows = windows[order]
        # at step t the first active[t] rows (longest history first) have begun
        active = (lengths[:, None] >= steps - torch.arange(steps, device=lengths.device)).sum(0).tolist()
        empty = sources.new_zeros(rows, self.hidden_size, dtype=torch.float32)
        first = next((t for t, count in enumerate(active) if count), None)
        if first is None:
            return empty
        counts = active[first:]
        picked = torch.cat([windows[:count, first + t] for t, count in enumerate(counts)])
        gates = F.linear(sources, self.get_parameter("weight_ih_l0"), self.get_parameter("bias_ih_l0")).index_select(
            0, picked
        )  # (sum counts, 3H)
        states: list[Tensor] = []
        for layer in range(self.num_layers):
            if layer:
                below = torch.cat(states)
                below = dropout(below, self.dropout) if self.training else below
                gates = F.linear(
                    below, self.get_parameter(f"weight_ih_l{layer}"), self.get_parameter(f"bias_ih_l{layer}")
                )
            states = self._run(layer, gates.split(counts), counts)
        return empty.index_copy(0, order[: counts[-1]], states[-1])  # (R, H)

    def _run(self, layer: int, gates: tuple[Tensor, ...], counts: list[int]) -> list[Tensor]:
        weight, bias = self.get_parameter(f"weight_hh_l{layer}"), self.get_parameter(f"bias_hh_l{layer}")
        state = gates[0].new_zeros(0, self.hidden_size, dtype=torch.float32)
        states = []
        for gate, count in zip(gates, counts, strict=True):
            begun = state.new_zeros(count - state.shape[0], self.hidden_size)
            state = torch.cat([state, begun])  # (count, H)
            recurrent = F.linear(state.to(weight.dtype), weight, bias).float()
            gate = gate.float()
            reset_i, update_i, new_i = gate.chunk(3, dim=1)
            reset_h, update_h, new_h = recurrent.chunk(3, dim=1)
            update = torch.sigmoid(update_i + update_h)
            new = torch.tanh(new_i + torch.sigmoid(reset_i + reset_h) * new_h)
            state = new + update * (state - new)
            states.append(state)
        return states
