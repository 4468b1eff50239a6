"""Vectors kept by text: found again, whole shards only, several writers."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.encoding.vectors.vector_cache import VectorCache, text_keys

TEXTS = ["hello", "", "how are you", "\ud800 half", "hello!"]


def _vectors(count: int, kind: type = np.float32) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, 6)).astype(kind)


def test_keys_are_checksums_of_what_is_read() -> None:
    keys = text_keys(TEXTS)
    assert keys.shape == (5, 32)
    assert keys[0].tobytes() == hashlib.sha256(b"hello").digest()
    assert keys[3].tobytes() == hashlib.sha256(b"? half").digest()


def test_added_vectors_are_found_in_any_order_and_by_a_new_reader(tmp_path: Path) -> None:
    keys, vectors = text_keys(TEXTS), _vectors(5)
    cache = VectorCache(tmp_path / "v", 6)
    assert len(cache) == 0
    cache.add(keys[:2], vectors[:2])
    cache.add(keys[2:4], vectors[2:4])
    for reader in (cache, VectorCache(tmp_path / "v", 6)):
        order = [4, 3, 0, 0, 2, 1]
        out = np.full((6, 6), -1, np.float32)
        found = reader.read(keys[order], out)
        assert found.tolist() == [False, True, True, True, True, True]
        np.testing.assert_array_equal(out[1:], vectors[order[1:]])
        assert (out[0] == -1).all()


@given(st.lists(st.text(max_size=4), max_size=30), st.lists(st.text(max_size=4), max_size=30), st.integers(1, 5))
def test_it_is_a_dictionary(tmp_path_factory: pytest.TempPathFactory, known: list, asked: list, size: int) -> None:
    folder = tmp_path_factory.mktemp("cache")
    known = list(dict.fromkeys(known))
    vectors = dict(zip(known, _vectors(len(known)), strict=True))
    cache = VectorCache(folder, 6)
    for start in range(0, len(known), size):
        part = known[start : start + size]
        cache.add(text_keys(part), np.stack([vectors[text] for text in part]))
    out = np.zeros((len(asked), 6), np.float32)
    kept = {text.encode("utf-8", "replace"): text for text in known}
    found = cache.read(text_keys(asked), out)
    assert found.tolist() == [text.encode("utf-8", "replace") in kept for text in asked]
    for text, is_found, row in zip(asked, found, out, strict=True):
        if is_found and text in vectors and kept[text.encode("utf-8", "replace")] == text:
            np.testing.assert_array_equal(row, vectors[text])


def test_other_widths_broken_files_and_leftovers_of_a_kill_are_passed_over(tmp_path: Path) -> None:
    keys, vectors = text_keys(TEXTS), _vectors(5, np.float16)
    cache = VectorCache(tmp_path, 6)
    cache.add(keys, vectors)
    (whole,) = tmp_path.glob("*.safetensors")
    (tmp_path / "00-cut.safetensors").write_bytes(whole.read_bytes()[:100])
    (tmp_path / ".x.safetensors.tmp-1").write_bytes(b"half")
    again = VectorCache(tmp_path, 6)
    out = np.zeros((5, 6), np.float32)
    assert again.read(keys, out).all()
    np.testing.assert_array_equal(out, vectors.astype(np.float32))
    assert not VectorCache(tmp_path, 7).read(keys, np.zeros((5, 7), np.float32)).any()


def test_two_writers_see_each_other_after_a_refresh(tmp_path: Path) -> None:
    keys, vectors = text_keys(TEXTS), _vectors(5)
    first, second = VectorCache(tmp_path, 6), VectorCache(tmp_path, 6)
    first.add(keys[:3], vectors[:3])
    second.add(keys[2:], vectors[2:])  # the third is written twice
    out = np.zeros((5, 6), np.float32)
    assert not first.read(keys, out).all()
    first.refresh()
    assert first.read(keys, out).all()
    np.testing.assert_array_equal(out, vectors)
