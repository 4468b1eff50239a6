"""Sentence vectors against transformers' own model and the documented pooling; the cache across a kill."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from warm_python import WarmPython

from erckit.encoding.vectors import text_vectors as module
from erckit.encoding.vectors.text_vectors import distinct_vectors, text_vectors
from erckit.encoding.vectors.vector_cache import cached_texts

TEXTS = ["hello you", "the dog and the cat walk", "yes", "happy happy day", "hello you", "a " * 300]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


@pytest.mark.parametrize("kind", ["bert", "mpnet", "roberta"])
def test_equal_to_the_documented_pooling(tiny_backbone: Callable[[str], Path], kind: str) -> None:
    """Model card of all-MiniLM-L6-v2: sum of token states x mask / sum of mask, then scaled to length 1."""
    from transformers import AutoModel, AutoTokenizer

    folder = tiny_backbone(kind)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    extra = {"attn_implementation": "eager"} if kind == "mpnet" else {}
    network = AutoModel.from_pretrained(folder, add_pooling_layer=False, **extra).eval()
    pieces = tokenizer(TEXTS, add_special_tokens=False, truncation=True, max_length=22)["input_ids"]
    whole = [[tokenizer.cls_token_id, *ids, tokenizer.sep_token_id] for ids in pieces]
    longest = max(map(len, whole))
    ids = torch.tensor([row + [tokenizer.pad_token_id] * (longest - len(row)) for row in whole])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in whole])
    with torch.inference_mode():
        states = network(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    weights = mask[:, :, None].float()

    def documented(hidden: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize((hidden * weights).sum(1) / weights.sum(1).clamp(min=1e-9), p=2, dim=1)

    found = text_vectors(TEXTS, folder, max_tokens=24, quiet=True)
    np.testing.assert_allclose(found, documented(states.last_hidden_state).numpy(), rtol=0, atol=1e-5)
    several = text_vectors(TEXTS, folder, max_tokens=24, layers=(3, 0, 2), quiet=True)
    wanted = torch.cat([documented(states.hidden_states[layer]) for layer in (3, 0, 2)], dim=1)
    np.testing.assert_allclose(several, wanted.numpy(), rtol=0, atol=1e-5)


def test_one_at_a_time_is_all_at_once(tiny_backbone: Callable[[str], Path]) -> None:
    folder = tiny_backbone("bert")
    together = text_vectors(TEXTS, folder, keep=False, quiet=True)
    for batch_tokens in (1, 40):
        apart = text_vectors(TEXTS, folder, keep=False, quiet=True, batch_tokens=batch_tokens)
        np.testing.assert_allclose(apart, together, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(together[0], together[4])


def test_nothing_is_read_twice(tiny_backbone: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_backbone("bert")
    first = text_vectors(TEXTS[:3], folder, quiet=True, precision="bf16")
    asked: list[int] = []
    blocks = module._blocks
    monkeypatch.setattr(
        module, "_blocks", lambda tokenizer, texts: asked.append(len(texts)) or blocks(tokenizer, texts)
    )
    table, rows = distinct_vectors(TEXTS, folder, quiet=True, precision="bf16")
    assert asked == [2]  # six texts, five distinct, three known
    assert table.shape == (5, 32)
    assert table.dtype == np.float16
    assert rows.tolist() == [0, 1, 2, 3, 0, 4]
    np.testing.assert_array_equal(table[:3].astype(np.float32), first)
    again = text_vectors(TEXTS, folder, quiet=True, precision="bf16")
    assert asked == [2]
    np.testing.assert_array_equal(again, table[rows].astype(np.float32))
    for other in ({"precision": "fp32"}, {"max_tokens": 24}, {"layers": (1,)}):  # another reading has other vectors
        text_vectors(TEXTS, folder, quiet=True, **{"precision": "bf16", **other})
    assert asked == [2, 5, 5, 5]


def test_texts_from_the_cache_are_counted(tiny_backbone: Callable[[str], Path]) -> None:
    folder = tiny_backbone("bert")
    texts = [f"counted {n}" for n in range(3)]
    before = cached_texts()
    text_vectors(texts, folder, quiet=True)
    assert cached_texts() == before
    text_vectors([*texts, *texts, "counted anew"], folder, quiet=True)
    assert cached_texts() == before + 3


def test_keep_is_off_leaves_nothing_on_disk(tiny_backbone: Callable[[str], Path], tmp_path: Path) -> None:
    text_vectors(TEXTS, tiny_backbone("bert"), keep=False, quiet=True)
    assert not (tmp_path / "cache").exists()


KILLED = """
import sys, time
from pathlib import Path
from erckit.encoding.vectors import text_vectors as module
module.SHARD_TEXTS = 3
blocks = module._blocks
def slow(tokenizer, texts):
    time.sleep(0.2)
    return blocks(tokenizer, texts)
module._blocks = slow
print("begun", flush=True)
module.text_vectors([f"red {i}" for i in range(300)], Path(sys.argv[1]), quiet=True)
"""


@pytest.mark.process
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform cannot kill so")
def test_killed_it_goes_on_with_whole_shards(
    tiny_backbone: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm_python: WarmPython
) -> None:
    folder, texts = tiny_backbone("bert"), [f"red {i}" for i in range(300)]
    expected = text_vectors(texts, folder, keep=False, quiet=True)
    process = warm_python.start("-c", KILLED, str(folder))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(list((tmp_path / "cache").rglob("*.safetensors"))) < 3:
        time.sleep(0.02)
    process.kill()
    process.wait()
    kept = len(list((tmp_path / "cache").rglob("*.safetensors")))
    assert 3 <= kept < 100
    asked: list[int] = []
    blocks = module._blocks
    monkeypatch.setattr(
        module, "_blocks", lambda tokenizer, texts: asked.append(len(texts)) or blocks(tokenizer, texts)
    )
    found = text_vectors(texts, folder, quiet=True)
    assert sum(asked) == 300 - 3 * kept
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
