"""The GRU over shared vectors against torch's own over packed sequences."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from erckit.networks.history_gru import HistoryGRU

WIDTH = 6
# Per target the rows of its history; any row may be in many windows, an empty history is allowed.
HISTORIES = st.lists(st.lists(st.integers(0, 8), max_size=5), min_size=1, max_size=9)


def _windows(histories: list[list[int]], width: int = 5) -> Tensor:
    return torch.tensor([[-1] * (width - len(h)) + h for h in histories])


def _pair(layers: int) -> tuple[HistoryGRU, nn.GRU]:
    torch.manual_seed(0)
    ours = HistoryGRU(WIDTH, WIDTH, layers, batch_first=True)
    for parameter in ours.parameters():
        nn.init.normal_(parameter)
    theirs = nn.GRU(WIDTH, WIDTH, layers, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def _packed(gru: nn.GRU, sources: Tensor, histories: list[list[int]]) -> Tensor:
    """Last states by torch's GRU over packed sequences; zero for an empty history."""
    result = torch.zeros(len(histories), WIDTH)
    begun = [r for r, history in enumerate(histories) if history]
    if not begun:
        return result + 0 * sources.sum()
    padded = nn.utils.rnn.pad_sequence([sources[histories[r]] for r in begun], batch_first=True)
    lengths = torch.tensor([len(histories[r]) for r in begun])
    packed = nn.utils.rnn.pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
    return result.index_copy(0, torch.tensor(begun), gru(packed)[1][-1])


@settings(max_examples=40)
@given(histories=HISTORIES, layers=st.integers(1, 3), seed=st.integers(0, 99))
def test_values_and_gradients(histories: list[list[int]], layers: int, seed: int) -> None:
    ours, theirs = _pair(layers)
    generator = torch.Generator().manual_seed(seed)
    start = torch.randn(9, WIDTH, generator=generator)
    weights = torch.randn(len(histories), WIDTH, generator=generator)
    found = {}
    for name, gru, run in (
        ("ours", ours, lambda gru, sources: gru(sources, _windows(histories))),
        ("theirs", theirs, lambda gru, sources: _packed(gru, sources, histories)),
    ):
        sources = start.clone().requires_grad_()
        values = run(gru, sources)
        assert values.shape == (len(histories), WIDTH)
        if any(histories):
            (values * weights).sum().backward()
            found[name] = (values.detach(), sources.grad, *[p.grad for p in gru.parameters()])
        else:
            found[name] = (values.detach(),)
    torch.testing.assert_close(found["ours"], found["theirs"], rtol=1e-4, atol=1e-5)


def test_no_history_at_all_is_zero() -> None:
    assert not _pair(2)[0](torch.randn(3, WIDTH), torch.full((4, 5), -1)).any()


def test_an_empty_history_is_zero_among_others() -> None:
    found = _pair(2)[0](torch.randn(3, WIDTH), _windows([[0], [], [1, 2]]))
    assert not found[1].any()
    assert found[0].any()
    assert found[2].any()


def test_dropout_acts_between_layers_in_training_only() -> None:
    gru = HistoryGRU(WIDTH, WIDTH, 2, dropout=0.5)
    sources, windows = torch.randn(9, WIDTH), _windows([[0, 1, 2], [3]])
    torch.manual_seed(0)
    noisy = gru(sources, windows)
    assert not torch.equal(noisy, gru(sources, windows))
    gru.eval()
    assert torch.equal(gru(sources, windows), gru(sources, windows))
    with pytest.warns(UserWarning, match="num_layers"):
        alone = HistoryGRU(WIDTH, WIDTH, 1, dropout=0.5)
    assert torch.equal(alone(sources, windows), alone(sources, windows))  # no layer above, nothing to drop


def test_bf16_stays_near_fp32() -> None:
    gru, _ = _pair(2)
    sources, windows = torch.randn(9, WIDTH), _windows([[0, 1, 2, 3, 4], [3]])
    exact = gru(sources, windows)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = gru(sources, windows)
    assert rough.dtype == torch.float32
    assert 0 < (exact - rough).abs().max() < 0.1
