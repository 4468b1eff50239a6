"""Vectors of single texts from a frozen backbone, as sentence-transformers makes them, computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from erckit.conversation import Conversation, Utterance
from erckit.encoding.encoder import ConversationEncoder, load_backbone
from erckit.encoding.packing import PackedBatch, pack
from erckit.encoding.tokens import NO_IDENTITY, ConversationTokenizer
from erckit.encoding.vectors.vector_cache import VectorCache, count_cached, text_keys
from erckit.progress import Progress
from erckit.storage.cache import cache_folder
from erckit.storage.manifest import file_sha256

SHARD_TEXTS = 4096  # about 20 s of work, the most that a kill loses


def text_vectors(
    texts: Sequence[str],
    backbone_folder: Path,
    *,
    max_tokens: int = 192,
    precision: str = "fp32",
    layers: Sequence[int] = (),
    batch_tokens: int = 4096,
    keep: bool = True,
    quiet: bool = False,
    encoder: ConversationEncoder | None = None,
    checksum: str = "",
) -> NDArray[np.float32]:
    """Vector of every text: the mean of its tokens' states, scaled to length 1.

    That is the documented pooling of all-MiniLM-L6-v2 and all-mpnet-base-v2: start and end tokens count, padding
    does not. Vectors are kept in the cache folder, by backbone, reading and text; a text is never read twice.

    Args:
        texts: N texts; equal ones are read once.
        backbone_folder: The backbone, as ``get_backbone`` returns it.
        max_tokens: Tokens of a text that are read, start and end included.
        precision: ``fp32``, or ``bf16`` (vectors are then kept in 16-bit floats).
        layers: Layers whose means are joined, each scaled to length 1; 0 is below the first. Empty is the last alone.
        batch_tokens: Tokens read at a time.
        keep: Whether vectors that are not yet in the cache are added to it. Found ones are used in any case.
        quiet: No progress.
        encoder: The backbone, already loaded, with mean pooling; it is left in the mode it has.
        checksum: sha256 of the backbone's weights where it is known; empty computes it.

    Returns:
        (N, H), or (N, H x layers); rows in the order of ``texts``.
    """
    vectors, row_of = distinct_vectors(
        texts,
        backbone_folder,
        max_tokens=max_tokens,
        precision=precision,
        layers=layers,
        batch_tokens=batch_tokens,
        keep=keep,
        quiet=quiet,
        encoder=encoder,
        checksum=checksum,
    )
    return vectors[row_of].astype(np.float32)


def distinct_vectors(
    texts: Sequence[str],
    backbone_folder: Path,
    *,
    max_tokens: int = 192,
    precision: str = "fp32",
    layers: Sequence[int] = (),
    batch_tokens: int = 4096,
    keep: bool = True,
    quiet: bool = False,
    encoder: ConversationEncoder | None = None,
    checksum: str = "",
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """As :func:`text_vectors`, without a copy per repeated text.

    Returns:
        Vectors of the distinct texts in the float type in which they are kept, (D, V), and the row of every text in
        them, (N,).
    """
    rows: dict[str, int] = {}
    row_of = np.fromiter((rows.setdefault(text, len(rows)) for text in texts), dtype=np.int64, count=len(texts))
    distinct = list(rows)
    width = vector_width(backbone_folder, layers)
    checksum = checksum or file_sha256(backbone_folder / "model.safetensors")
    cache = VectorCache(vector_folder(checksum, max_tokens, precision, layers), width)
    found = np.zeros((len(distinct), width), dtype=np.float16 if precision == "bf16" else np.float32)
    keys = text_keys(distinct)
    missing = np.flatnonzero(~cache.read(keys, found))
    count_cached(len(distinct) - len(missing))
    if not len(missing):
        return found, row_of
    reader = _Reader(encoder or ConversationEncoder(load_backbone(backbone_folder)), precision, layers)
    tokenizer = ConversationTokenizer(backbone_folder, "none", min(max_tokens, reader.encoder.max_tokens))
    with Progress(len(missing), "Reading", "utterances", quiet) as bar:
        for start in range(0, len(missing), SHARD_TEXTS):
            chosen = missing[start : start + SHARD_TEXTS]
            blocks = _blocks(tokenizer, [distinct[i] for i in chosen])
            for part in _by_length(blocks, batch_tokens):
                found[chosen[part]] = reader([blocks[i] for i in part])
                bar.advance(len(part))
            if keep:
                cache.add(keys[chosen], found[chosen])
    return found, row_of


def vector_folder(checksum: str, max_tokens: int, precision: str, layers: Sequence[int] = ()) -> Path:
    """Where the vectors of a backbone's reading are kept: named by all that they depend on besides the text."""
    pooling = "mean" if not layers else "mean-" + "-".join(map(str, layers))
    return cache_folder() / "vectors" / checksum[:16] / f"{pooling}-{max_tokens}-{precision}"


def vector_width(backbone_folder: Path, layers: Sequence[int] = ()) -> int:
    """Numbers of a vector."""
    import json

    config = json.loads((backbone_folder / "config.json").read_text(encoding="utf-8"))
    return int(config["hidden_size"]) * max(1, len(layers))


def pooled_layers(encoder: ConversationEncoder, batch: PackedBatch, layers: Sequence[int] = ()) -> Tensor:
    """Mean of each utterance's tokens after each of the layers, each scaled to length 1, (R, H x layers)."""
    if not layers:
        return F.normalize(encoder.pool(encoder.hidden_states(batch), batch).float(), dim=1)
    means = {
        number: F.normalize(encoder.pool(hidden, batch).float(), dim=1)
        for number, hidden in enumerate(encoder.layer_states(batch))
        if number in layers
    }
    return torch.cat([means[number] for number in layers], dim=1)


class _Reader:
    """Vectors of a batch of token blocks."""

    def __init__(self, encoder: ConversationEncoder, precision: str, layers: Sequence[int]) -> None:
        self.encoder, self._precision, self._layers = encoder, precision, layers

    @torch.inference_mode()
    def __call__(self, blocks: Sequence[list[int]]) -> NDArray[np.float32]:
        device = next(self.encoder.parameters()).device
        batch = pack(
            [[block] for block in blocks],
            [[[NO_IDENTITY] * len(block)] for block in blocks],
            attention="isolated",
            max_tokens=self.encoder.max_tokens,
        ).to(device)
        was_training = self.encoder.training
        self.encoder.eval()
        short: Any = torch.autocast(device.type, dtype=torch.bfloat16) if self._precision == "bf16" else nullcontext()
        try:
            with short:
                return pooled_layers(self.encoder, batch, self._layers).cpu().numpy()
        finally:
            self.encoder.train(was_training)


def _blocks(tokenizer: ConversationTokenizer, texts: Sequence[str]) -> list[list[int]]:
    said = tuple(Utterance(str(i), "", text) for i, text in enumerate(texts))
    (tokenized,) = tokenizer([Conversation("texts", said)], [[""] * len(texts)], [[NO_IDENTITY] * len(texts)])
    return list(tokenized.plain)


def _by_length(blocks: Sequence[list[int]], batch_tokens: int) -> Iterator[list[int]]:
    """Positions of blocks in batches of at most ``batch_tokens`` tokens, short ones first: few distinct lengths."""
    part: list[int] = []
    used = 0
    for i in sorted(range(len(blocks)), key=lambda i: len(blocks[i])):
        if part and used + len(blocks[i]) > batch_tokens:
            yield part
            part, used = [], 0
        part.append(i)
        used += len(blocks[i])
    if part:
        yield part
