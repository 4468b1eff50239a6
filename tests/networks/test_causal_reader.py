"""Hidden states of a causal language model as utterance vectors: against a plain loop, alone, in a stream, cached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation, Utterance
from erckit.errors import SettingError
from erckit.networks import causal_reader
from erckit.networks.causal_reader import CausalReader, plan_rows

TOLERANCE = 2e-5


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


def _unit(vector: torch.Tensor) -> torch.Tensor:
    return vector / vector.norm()


@pytest.mark.parametrize("kind", ["llama", "qwen2", "gemma3_text", "gpt2"])
def test_vectors_are_the_states_of_the_model_itself(
    tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any], kind: str
) -> None:
    lm, conversation = tiny_causal_lm(kind), talk(3, 5)
    vectors = CausalReader(lm, (1, 3)).read([conversation], keep=False)
    tokens = [2] if kind == "gemma3_text" else []  # its tokenizer puts <bos> in front
    for u, utterance in enumerate(conversation.utterances):
        line = lm.tokenizer(f"{utterance.speaker}: {utterance.text}\n", add_special_tokens=False).input_ids
        tokens += line
        with torch.no_grad():
            states = lm.model(torch.tensor([tokens]), output_hidden_states=True).hidden_states
        expected = [
            part
            for layer in (1, 3)
            for part in (_unit(states[layer][0, -1]), _unit(states[layer][0, -len(line) :].mean(0)))
        ]
        assert torch.allclose(torch.from_numpy(vectors[u]), torch.cat(expected), atol=TOLERANCE)


def test_many_conversations_are_read_as_each_alone(
    tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any]
) -> None:
    reader = CausalReader(tiny_causal_lm("llama"), (2,))
    conversations = [talk(seed, 1 + seed) for seed in range(7)]
    together = reader.read(conversations, keep=False, batch_tokens=300)
    alone = np.concatenate([reader.read([conversation], keep=False) for conversation in conversations])
    assert np.abs(together - alone).max() < TOLERANCE


def test_what_comes_later_changes_nothing_also_where_rows_are_cut(
    tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(causal_reader, "MAX_TOKENS", 60)
    reader, conversation = CausalReader(tiny_causal_lm("llama"), (3,)), talk(5, 12)
    assert reader.tokenizer.max_utterance_tokens == 30
    whole = reader.read([conversation], keep=False)
    for end in range(1, 13):
        so_far = Conversation(conversation.id, conversation.utterances[:end])
        assert np.abs(reader.read([so_far], keep=False) - whole[:end]).max() < TOLERANCE


def test_vectors_are_kept_by_all_that_was_said_before(
    tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, conversation = CausalReader(tiny_causal_lm("llama"), (2,)), talk(6, 4)
    first = reader.read([conversation])
    monkeypatch.setattr(CausalReader, "_states", lambda *_: pytest.fail("read again"))
    assert np.array_equal(reader.read([conversation]), first)
    monkeypatch.undo()
    monkeypatch.setenv("ERCKIT_CACHE", str(reader.folder.parents[2]))
    other = Conversation("x", (Utterance("u0", "Ana", "another beginning"), *conversation.utterances[1:]))
    assert np.abs(reader.read([other])[1:] - first[1:]).max() > 1e-3


def test_vectors_that_were_read_among_others_are_found(
    tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    lm, conversation = tiny_causal_lm("llama"), talk(6, 4)
    expected = CausalReader(lm, (3, 1)).read([conversation], keep=False)
    CausalReader(lm, (0, 1, 2, 3)).read([Conversation("c", conversation.utterances[:3])])
    assert np.abs(CausalReader(lm, (3, 1)).read([conversation], keep=False) - expected).max() < TOLERANCE
    monkeypatch.setattr(CausalReader, "_states", lambda *_: pytest.fail("read again"))
    so_far = Conversation("c", conversation.utterances[:3])
    assert np.abs(CausalReader(lm, (3, 1)).read([so_far]) - expected[:3]).max() < TOLERANCE


def test_bf16_is_near_and_half_as_large(tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any]) -> None:
    lm, conversations = tiny_causal_lm("llama"), [talk(7, 5)]
    exact, rough = (CausalReader(lm, (2,), precision).read(conversations) for precision in ("fp32", "bf16"))
    assert rough.dtype == np.float16
    assert np.abs(exact - rough).max() < 0.05


@pytest.mark.parametrize("layers", [(), (4,), (-1,)])
def test_layers_that_are_not_there_are_refused(tiny_causal_lm: Callable[..., Any], layers: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match="layers 0 to 3"):
        CausalReader(tiny_causal_lm("llama"), layers)


@given(st.lists(st.integers(1, 20), max_size=40))
def test_rows_hold_every_line_once_and_fit(lengths: list[int]) -> None:
    rows = plan_rows(lengths, 40)
    assert [line for row in rows for line in range(row.read, row.end)] == list(range(len(lengths)))
    for row in rows:
        assert row.first <= row.read < row.end
        assert sum(lengths[row.first : row.end]) <= 40
        assert sum(lengths[row.first : row.read]) <= 20
    assert plan_rows(lengths[:-1], 40)[: max(0, len(rows) - 1)] == rows[:-1] if lengths else rows == []
