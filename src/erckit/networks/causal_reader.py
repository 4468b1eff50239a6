"""Utterance vectors from the hidden states of a frozen causal language model that reads each conversation once.

A conversation is lines ``Name: text``. The vector of an utterance joins, for every chosen layer, the state of the last
token of its line and the mean of the states of all tokens of its line. No line sees a later one, so a vector depends
on what was said so far and nothing else: it is the same in a stream.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from erckit.causal.causal_lm import CausalLM
from erckit.causal.line_tokenizer import LineTokenizer
from erckit.conversation import Conversation
from erckit.encoding.segments import Segment, plan_segments
from erckit.encoding.vectors.vector_cache import VectorCache, count_cached, text_keys
from erckit.errors import SettingError
from erckit.progress import Progress
from erckit.storage.cache import cache_folder

MAX_TOKENS = 1024  # of a row; a longer conversation goes on in a new row that begins with its latest lines
LONGEST_LINE = 192
_PADDED_TO = 64  # rows are padded to a multiple of this, so that shapes stay few
_SHARD_UTTERANCES = 1024


def plan_rows(lengths: Sequence[int], max_tokens: int) -> list[Segment]:
    """Cut a conversation into rows of at most ``max_tokens`` tokens.

    A line that no longer fits begins a new row, with as many lines before it as left context as fill at most half of
    the row. The cut before a line depends on the lines up to it only, so it is where a stream makes it.

    Args:
        lengths: Tokens of each line; none is longer than half of ``max_tokens``.
        max_tokens: Tokens of a row.
    """
    return plan_segments(lengths, "one_pass", max_tokens, max_tokens // 2) if len(lengths) else []


def check_layers(lm: CausalLM, layers: Sequence[int]) -> None:
    """Refuse layers that a model does not have, and none at all.

    Raises:
        SettingError: The message names those that it has.
    """
    depth = int(text_config(lm.model).num_hidden_layers)
    if not layers or not all(0 <= layer <= depth for layer in layers):
        raise SettingError(f"'model.reader.layers' must name layers 0 to {depth} of '{lm.name}', got {list(layers)}.")


def row_tokens(positions: int) -> int:
    """Tokens of the lines of a row, for a model with so many positions; one is left for a beginning of text."""
    return min(MAX_TOKENS, positions - 1)


class CausalReader:
    """Reads conversations with a frozen causal language model.

    Args:
        lm: The model; its weights are not changed.
        layers: Layers whose states are joined, 0 is below the first; at least one.
        precision: ``fp32`` or ``bf16``; with ``bf16``, vectors are kept in 16-bit floats.
        longest_line: Tokens of a line that are read; None for ``LONGEST_LINE``. At most half of a row's.

    Attributes:
        hidden: Length of a state, H.
        width: Length of a vector, V.
        max_tokens: Tokens of a row.
        tokenizer: Makes the lines.

    Raises:
        SettingError: No layer, or one that the model does not have.
    """

    def __init__(
        self, lm: CausalLM, layers: Sequence[int], precision: str = "fp32", longest_line: int | None = None
    ) -> None:
        check_layers(lm, layers)
        self.lm, self.layers, self.precision = lm, tuple(layers), precision
        self.hidden = int(text_config(lm.model).hidden_size)
        self.width = 2 * len(layers) * self.hidden
        self.max_tokens = row_tokens(lm.positions)
        self.tokenizer = LineTokenizer(lm.tokenizer, min(longest_line or LONGEST_LINE, self.max_tokens // 2))

    def at(self, precision: str) -> CausalReader:
        """The same in another precision."""
        return CausalReader(self.lm, self.layers, precision, self.tokenizer.max_utterance_tokens)

    def read(
        self,
        conversations: Sequence[Conversation],
        *,
        batch_tokens: int = 4096,
        keep: bool = True,
        quiet: bool = True,
        advance: Callable[[int], None] | None = None,
    ) -> NDArray[np.floating[Any]]:
        """Vectors of all utterances, (N, V), conversation after conversation.

        V is two states per layer, each scaled to length 1. Vectors that are in the cache folder are not computed
        again; they are kept by weights, layers, precision and all that the model read up to the utterance.

        Args:
            conversations: B conversations with N utterances together.
            batch_tokens: Tokens read at a time, padding included; a row is read whole in any case.
            keep: Whether new vectors are added to the cache folder.
            quiet: No progress.
            advance: Called with the number of utterances read.

        Returns:
            (N, V), 32-bit floats, 16-bit ones for ``bf16``.
        """
        lines = [list(tokenized.blocks) for tokenized in self.tokenizer(conversations)]
        return self.read_lines(lines, batch_tokens=batch_tokens, keep=keep, quiet=quiet, advance=advance)

    def read_lines(
        self,
        lines: Sequence[Sequence[Sequence[int]]],
        *,
        batch_tokens: int = 4096,
        keep: bool = True,
        quiet: bool = True,
        advance: Callable[[int], None] | None = None,
    ) -> NDArray[np.floating[Any]]:
        """As :meth:`read`, from the token ids of every line of B conversations, as ``tokenizer`` makes them."""
        starts = np.cumsum([0, *map(len, lines)])
        rows = [
            (c, row) for c, said in enumerate(lines) for row in plan_rows([len(line) for line in said], self.max_tokens)
        ]
        vectors = np.zeros((int(starts[-1]), self.width), np.float16 if self.precision == "bf16" else np.float32)
        keys = np.zeros((len(vectors), 32), np.uint8)
        for c, row in rows:
            shown: list[int] = [token for line in lines[c][row.first : row.read] for token in line]
            texts = []
            for line in lines[c][row.read : row.end]:
                shown.extend(line)
                texts.append(" ".join(map(str, shown)))
            keys[starts[c] + row.read : starts[c] + row.end] = text_keys(texts)
        cache = VectorCache(self.folder, self.width)
        is_cached = cache.read(keys, vectors)
        self._read_wider(keys, vectors, is_cached)
        count_cached(int(is_cached.sum()))
        missing = [(c, row) for c, row in rows if not is_cached[starts[c] + row.read : starts[c] + row.end].all()]
        with Progress(sum(row.end - row.read for _, row in missing), "Reading", "utterances", quiet) as bar:
            fresh: list[NDArray[np.int64]] = []
            for part in self._batches(missing, lines, batch_tokens):
                read = self._states([[lines[c][i] for i in range(row.first, row.end)] for c, row in part])
                for (c, row), states in zip(part, read, strict=True):
                    at = np.arange(starts[c] + row.read, starts[c] + row.end)
                    vectors[at] = states[row.read - row.first :].numpy()
                    fresh.append(at)
                    bar.advance(len(at))
                    if advance is not None:
                        advance(len(at))
                if keep and sum(map(len, fresh)) >= _SHARD_UTTERANCES:
                    self._store(cache, keys, vectors, fresh)
                    fresh = []
            if keep and fresh:
                self._store(cache, keys, vectors, fresh)
        return vectors

    @property
    def folder(self) -> Path:
        """Where the vectors are kept: named by all that they depend on besides the lines."""
        how = f"lines-{'-'.join(map(str, self.layers))}{self._how}"
        return cache_folder() / "vectors" / self.lm.sha256[:16] / how

    @property
    def _how(self) -> str:
        return f"-{self.tokenizer.max_utterance_tokens}-{self.max_tokens}-{self.precision}"

    def _read_wider(self, keys: NDArray[np.uint8], vectors: NDArray[Any], is_cached: NDArray[np.bool_]) -> None:
        """Fill in what was read for these layers among others: a probe of many layers serves whoever takes some.

        Args:
            keys: Of the wanted vectors, (N, 32).
            vectors: Gets those that are found, (N, V).
            is_cached: Which are there, (N,); changed in place.
        """
        for folder in sorted(self.folder.parent.glob(f"lines-*{self._how}")):
            layers = [int(number) for number in folder.name.removesuffix(self._how).split("-")[1:]]
            rest = np.flatnonzero(~is_cached)
            if not len(rest) or not set(self.layers) <= set(layers):
                continue
            wide = np.zeros((len(rest), len(layers), 2 * self.hidden), vectors.dtype)
            found = VectorCache(folder, wide[0].size).read(keys[rest], wide.reshape(len(rest), -1))
            places = [layers.index(layer) for layer in self.layers]
            vectors[rest[found]] = wide[found][:, places].reshape(-1, self.width)
            is_cached[rest[found]] = True

    def _batches(
        self, rows: Sequence[tuple[int, Segment]], lines: Sequence[Sequence[Sequence[int]]], batch_tokens: int
    ) -> list[list[tuple[int, Segment]]]:
        """Rows of like length together, short ones first."""

        def length(c: int, row: Segment) -> int:
            tokens = sum(len(line) for line in lines[c][row.first : row.end])
            return -(-tokens // _PADDED_TO) * _PADDED_TO

        batches: list[list[tuple[int, Segment]]] = []
        for c, row in sorted(rows, key=lambda entry: length(*entry)):
            # the row at hand is the longest so far, so all are padded to it
            if not batches or (len(batches[-1]) + 1) * length(c, row) > batch_tokens:
                batches.append([])
            batches[-1].append((c, row))
        return batches

    @staticmethod
    def _store(
        cache: VectorCache, keys: NDArray[np.uint8], vectors: NDArray[Any], fresh: Sequence[NDArray[np.int64]]
    ) -> None:
        at = np.concatenate(fresh)
        cache.add(keys[at], vectors[at])

    @torch.inference_mode()
    def _states(self, rows: Sequence[Sequence[Sequence[int]]]) -> list[Tensor]:
        """Vectors of the lines of each row, (lines, V)."""
        device, begin = self.lm.device, self.begin
        longest = max(sum(map(len, row)) for row in rows)
        width = min(len(begin) + -(-longest // _PADDED_TO) * _PADDED_TO, self.lm.positions)
        tokens = torch.full((len(rows), width), self.lm.padding_token)
        for i, row in enumerate(rows):
            flat = [*begin, *(token for line in row for token in line)]
            tokens[i, : len(flat)] = torch.tensor(flat)
        # padding stands on the right, where no token of a line looks
        states, _ = self.layer_states(tokens.to(device), use_cache=False)
        states = [layer.cpu() for layer in states]
        return [self.pooled([layer[i] for layer in states], [len(line) for line in row], len(begin))
                for i, row in enumerate(rows)]  # fmt: skip

    def layer_states(self, tokens: Tensor, **options: Any) -> tuple[list[Tensor], Any]:
        """States after each chosen layer, (B, T, H) each, 32-bit floats, and the model's keys and values.

        Args:
            tokens: Token ids, (B, T).
            options: What else the network takes, keys and values of earlier tokens say.
        """
        self.lm.model.eval()  # a frozen model gives the same vectors in training, too
        with torch.autocast(tokens.device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
            output = self.lm.model.base_model(input_ids=tokens, output_hidden_states=True, return_dict=True, **options)
        return [output.hidden_states[layer].float() for layer in self.layers], output.past_key_values

    @staticmethod
    def pooled(states: Sequence[Tensor], lengths: Sequence[int], start: int) -> Tensor:
        """Last and mean state of every line of a row, each of length 1, joined over layers, (lines, V)."""
        ends = start + torch.tensor(lengths).cumsum(0)  # (lines,)
        parts = []
        for layer in states:
            lines = layer[start : int(ends[-1])].split(list(lengths))
            parts.append(F.normalize(layer[ends - 1], dim=1))  # (lines, H)
            parts.append(F.normalize(torch.stack([line.mean(0) for line in lines]), dim=1))
        return torch.cat(parts, dim=1)

    @property
    def begin(self) -> tuple[int, ...]:
        """Beginning-of-text token of models that were trained with one in front."""
        ids = self.lm.tokenizer("a").input_ids
        start = self.lm.tokenizer.bos_token_id
        return (int(start),) if start is not None and len(ids) > 1 and ids[0] == start else ()


def text_config(model: Any) -> Any:
    """Configuration of a network's language model."""
    return model.config.gettext_config() if hasattr(model.config, "gettext_config") else model.config
