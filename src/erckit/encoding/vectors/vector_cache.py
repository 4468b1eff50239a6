"""Vectors of texts kept on disk: computed once, found again by the checksum of the text."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from erckit.storage.atomic import atomic_file

KEY_BYTES = 32


def text_keys(texts: Sequence[str]) -> NDArray[np.uint8]:
    """sha256 of every text as the tokenizer reads it, (N, 32)."""
    digests = b"".join(hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in texts)
    return np.frombuffer(digests, dtype=np.uint8).reshape(-1, KEY_BYTES)


class VectorCache:
    """Vectors by text in one folder, in shards that are written whole or not at all.

    A shard is a safetensors file with ``keys`` (n, 32) and ``vectors`` (n, V). There is no index on disk that could
    disagree with the shards: it is made from their keys when the folder is opened. A kill loses the shard that was
    being computed; several processes may add at the same time. A shard that cannot be read is passed over.

    Args:
        folder: Of one backbone and one way of reading it; need not exist.
        width: V; vectors of another width are not found.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self._width = width
        self._shards: list[Path] = []
        self._seen: set[Path] = set()
        self._keys: NDArray[np.uint8] = np.empty((0, KEY_BYTES), np.uint8)
        self._places: NDArray[np.int64] = np.empty((0, 2), np.int64)  # shard and row of every key
        self.refresh()

    def __len__(self) -> int:
        return len(self._keys)

    def refresh(self) -> None:
        """Take in shards that were written since."""
        from safetensors import SafetensorError, safe_open

        keys, places = [self._keys], [self._places]
        for path in sorted(self._folder.glob("*.safetensors")) if self._folder.is_dir() else ():
            if path in self._seen:
                continue
            self._seen.add(path)
            try:
                with safe_open(path, framework="numpy") as file:
                    found, shape = file.get_tensor("keys"), file.get_slice("vectors").get_shape()
            except (SafetensorError, OSError, KeyError):
                continue
            if found.shape[1:] != (KEY_BYTES,) or list(shape) != [len(found), self._width]:
                continue
            keys.append(found)
            places.append(np.stack([np.full(len(found), len(self._shards)), np.arange(len(found))], axis=1))
            self._shards.append(path)
        self._keys, self._places = np.concatenate(keys), np.concatenate(places)
        # The first 8 bytes order the keys; all 32 are compared before a vector is taken.
        heads = _heads(self._keys)
        order = np.argsort(heads, kind="stable")
        self._keys, self._places, self._heads = self._keys[order], self._places[order], heads[order]

    def read(self, keys: NDArray[np.uint8], out: NDArray[np.floating]) -> NDArray[np.bool_]:
        """Fill in what is known.

        Args:
            keys: Of the wanted texts, (N, 32).
            out: Gets the vectors that are found, in its rows, (N, V).

        Returns:
            Which were found, (N,).
        """
        from safetensors import safe_open

        at = np.searchsorted(self._heads, _heads(keys)).clip(max=max(0, len(self) - 1))
        is_found = (self._keys[at] == keys).all(axis=1) if len(self) else np.zeros(len(keys), dtype=bool)
        wanted = np.flatnonzero(is_found)
        places = self._places[at[wanted]] if len(self) else np.empty((0, 2), np.int64)
        for shard in np.unique(places[:, 0]):
            here = places[:, 0] == shard
            with safe_open(self._shards[shard], framework="numpy") as file:
                out[wanted[here]] = file.get_tensor("vectors")[places[here, 1]]  # one shard in memory at a time
        return is_found

    def add(self, keys: NDArray[np.uint8], vectors: NDArray[np.floating]) -> None:
        """Write one shard: keys (n, 32) with their vectors (n, V), in the float type given."""
        from safetensors.numpy import save

        name = f"{time.time_ns():020d}-{os.getpid()}.safetensors"
        data = save({"keys": np.ascontiguousarray(keys), "vectors": np.ascontiguousarray(vectors)})
        with atomic_file(self._folder / name, "wb", private=True) as file:
            file.write(data)
        self.refresh()


def _heads(keys: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ascontiguousarray(keys[:, :8]).view(np.uint64).reshape(-1)


_found = 0


def count_cached(texts: int) -> None:
    """Add texts whose vectors were found; the count is of the whole process."""
    global _found
    _found += texts


def cached_texts() -> int:
    """The count so far. Its difference over a piece of work tells whether the time of that work means anything."""
    return _found
