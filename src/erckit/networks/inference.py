"""Scoring conversations with a trained model: encode everything once, then classify from shared history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from erckit.encoding.precision import autocast
from erckit.encoding.tokens import TokenizedConversation
from erckit.networks.network import ConversationModel, ModelInputs
from erckit.networks.preparation import Preparation, PreparedConversations, batches_of

ROWS_AT_A_TIME = 1024  # targets classified together; fixed so that shapes stay few


@torch.inference_mode()
def encode(
    model: ConversationModel,
    preparation: Preparation,
    prepared: PreparedConversations,
    conversations: Sequence[int],
    batch_tokens: int,
    advance: Callable[[int], None] | None = None,
) -> tuple[Tensor, Tensor]:
    """Context and memory vectors of the given conversations, (R, H) each, in their order.

    Segments are batched by length, so that a batch holds few distinct lengths and a long conversation needs no more
    memory than a short one; the order changes nothing but float rounding.
    """
    if prepared.vectors is not None:
        context, memory = _encode_known(model, preparation, prepared, conversations, advance)
    else:
        context, memory = _encode_tokens(model, preparation, prepared, conversations, batch_tokens, advance)
    if model.reads_dialogues:
        context = _in_dialogues(model, prepared, conversations, context)
    return context, memory


def _in_dialogues(
    model: ConversationModel, prepared: PreparedConversations, conversations: Sequence[int], vectors: Tensor
) -> Tensor:
    """Vectors in context, (R, V), from those that were read alone, (R, H): conversations of like length together."""
    lengths = [len(prepared.tokenized[c].blocks) for c in conversations]
    starts = np.cumsum([0, *lengths])
    in_context: list[Tensor | None] = [None] * len(lengths)
    for chosen in batches_of(sorted(range(len(lengths)), key=lengths.__getitem__), lengths, ROWS_AT_A_TIME):
        rows = torch.from_numpy(np.concatenate([np.arange(starts[i], starts[i + 1]) for i in chosen]))
        dialogues = prepared.dialogues([conversations[i] for i in chosen]).to(vectors.device)
        seen = model.in_dialogues(vectors[rows.to(vectors.device)], dialogues).float()
        for i, part in zip(chosen, seen.split([lengths[i] for i in chosen]), strict=True):
            in_context[i] = part
    return torch.cat([part for part in in_context if part is not None]) if lengths else vectors


def _encode_tokens(
    model: ConversationModel,
    preparation: Preparation,
    prepared: PreparedConversations,
    conversations: Sequence[int],
    batch_tokens: int,
    advance: Callable[[int], None] | None,
) -> tuple[Tensor, Tensor]:
    """As :func:`encode`, by the backbone."""
    device = next(model.parameters()).device
    starts = np.cumsum([0, *(len(prepared.tokenized[c].blocks) for c in conversations)])
    width = model.memory_width
    context = torch.empty(int(starts[-1]), width, device=device)
    memory = torch.empty_like(context) if preparation.reads_plain else context
    pieces = [
        (prepared.tokenized[c], segment, int(starts[i]))
        for i, c in enumerate(conversations)
        for segment in preparation.segments(prepared.tokenized[c])
    ]
    lengths = [sum(len(block) for block in t.blocks[s.first : s.end]) for t, s, _ in pieces]
    by_length = sorted(range(len(pieces)), key=lengths.__getitem__)
    for chosen in batches_of(by_length, lengths, batch_tokens):
        parts = [pieces[i] for i in chosen]
        cut = [
            TokenizedConversation(t.blocks[s.first : s.end], t.identities[s.first : s.end], t.plain[s.read : s.end], 0)
            for t, s, _ in parts
        ]
        inputs = ModelInputs(
            preparation.pack_context(cut, [s.read - s.first for _, s, _ in parts]),
            preparation.pack_plain(cut),
            torch.empty(0, width),
            torch.empty(0, 0),
            speakers=preparation.identities(cut),
        )
        vectors, remembered = model.encode(inputs.to(device))
        rows = torch.from_numpy(np.concatenate([np.arange(start + s.read, start + s.end) for _, s, start in parts]))
        context[rows] = vectors.float()
        if memory is not context:
            memory[rows] = remembered.float()
        if advance:
            advance(len(rows))
    return context, memory


def _encode_known(
    model: ConversationModel,
    preparation: Preparation,
    prepared: PreparedConversations,
    conversations: Sequence[int],
    advance: Callable[[int], None] | None,
) -> tuple[Tensor, Tensor]:
    """As :func:`encode`, from the vectors that a frozen backbone gave before."""
    assert prepared.vectors is not None
    device = next(model.parameters()).device
    rows = torch.from_numpy(prepared.rows(conversations))
    nothing = preparation.pack_context([])
    parts = []
    speakers = preparation.identities([prepared.tokenized[c] for c in conversations])
    for at in torch.arange(len(rows)).split(ROWS_AT_A_TIME):
        chosen = rows[at]
        inputs = ModelInputs(
            nothing,
            None,
            torch.empty(0, 0),
            torch.empty(0, 0),
            prepared.vectors[chosen],
            speakers=None if speakers is None else speakers[at],
        )
        parts.append(model.encode(inputs.to(device)))
        if advance:
            advance(len(chosen))
    context = torch.cat([vectors for vectors, _ in parts]).float()
    memory = torch.cat([remembered for _, remembered in parts]).float()
    return context, memory


@torch.inference_mode()
def represent(model: ConversationModel, context: Tensor, memory: Tensor, windows: NDArray[np.int64]) -> Tensor:
    """What the label head reads of R targets, (R, V), from context (R, H), memory (S, H) and windows (R, W)."""
    rows = torch.from_numpy(windows).to(context.device)
    parts = [
        model.represent(context[start : start + ROWS_AT_A_TIME], memory, rows[start : start + ROWS_AT_A_TIME])
        for start in range(0, len(context), ROWS_AT_A_TIME)
    ]
    return torch.cat(parts).float()


@torch.inference_mode()
def score_vectors(model: ConversationModel, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logits (R, L) of the model's own label head for vectors (R, V)."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    try:
        return _score(model, torch.from_numpy(vectors).to(device))
    finally:
        model.train(was_training)


def _score(model: ConversationModel, vectors: Tensor) -> NDArray[np.float32]:
    parts = [model.score(vectors[start : start + ROWS_AT_A_TIME]) for start in range(0, len(vectors), ROWS_AT_A_TIME)]
    return torch.cat(parts).float().cpu().numpy()


def predict_logits(
    model: ConversationModel,
    preparation: Preparation,
    prepared: PreparedConversations,
    targets: Sequence[int],
    *,
    precision: str,
    batch_tokens: int = 4096,
    known_memory: Tensor | None = None,
    advance: Callable[[int], None] | None = None,
) -> NDArray[np.float32]:
    """Logits of every utterance of the target conversations, in the given order, (R, L).

    Arguments as for :func:`predict_vectors`, and ``known_memory``: memory vectors already at hand for the first rows
    of ``prepared``, (K, H), or None.
    """
    with _predicting(model, precision), torch.inference_mode():
        vectors, _ = _predict(
            model, preparation, prepared, targets, prepared.windows, batch_tokens, known_memory, None, advance
        )
        return _score(model, vectors)


def predict_vectors(
    model: ConversationModel,
    preparation: Preparation,
    prepared: PreparedConversations,
    targets: Sequence[int],
    *,
    precision: str,
    batch_tokens: int = 4096,
    windows: NDArray[np.int64] | None = None,
    outside: NDArray[np.float32] | None = None,
    advance: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the label head reads of every utterance of the target conversations, and their memory vectors.

    Only conversations that a target remembers are encoded besides the targets.

    Args:
        model: Put into evaluation mode for the call.
        preparation: Of the model.
        prepared: Targets and everything they may remember.
        targets: Indices of the target conversations.
        precision: ``fp32`` or ``bf16``.
        batch_tokens: Tokens encoded at a time.
        windows: History of every utterance in place of that of ``prepared``, (utterances, W).
        outside: Memory vectors from elsewhere, (M, H); windows count them from the last row of ``prepared`` on.
        advance: Called with the number of utterances encoded.

    Returns:
        (R, V) and (R, H), in the given order, 32-bit floats.
    """
    with _predicting(model, precision):
        own = prepared.windows if windows is None else windows
        vectors, memory = _predict(model, preparation, prepared, targets, own, batch_tokens, None, outside, advance)
        return vectors.cpu().numpy(), memory.cpu().numpy()


@contextmanager
def _predicting(model: ConversationModel, precision: str) -> Iterator[None]:
    was_training = model.training
    model.eval()
    try:
        with autocast(precision, next(model.parameters()).device):
            yield
    finally:
        model.train(was_training)


def _predict(
    model: ConversationModel,
    preparation: Preparation,
    prepared: PreparedConversations,
    targets: Sequence[int],
    windows: NDArray[np.int64],
    batch_tokens: int,
    known_memory: Tensor | None,
    outside: NDArray[np.float32] | None,
    advance: Callable[[int], None] | None,
) -> tuple[Tensor, Tensor]:
    """Vectors (R, V) and memory vectors (R, H) of every utterance of the targets."""
    device = next(model.parameters()).device
    rows = prepared.rows(targets)
    windows = windows[rows]  # (R, W)
    needed = _conversations_needed(prepared, targets, windows, 0 if known_memory is None else len(known_memory))
    encoded = [*targets, *needed]
    context, memory = encode(model, preparation, prepared, encoded, batch_tokens, advance)
    total = prepared.utterances + (0 if outside is None else len(outside))
    sources = torch.zeros(total, memory.shape[1], device=device)
    if known_memory is not None:
        sources[: len(known_memory)] = known_memory.to(device)
    if outside is not None and len(outside):
        sources[prepared.utterances :] = torch.from_numpy(outside).to(device)
    sources[torch.from_numpy(prepared.rows(encoded))] = memory
    used = np.unique(windows[windows >= 0])
    local = np.full(total + 1, -1, dtype=np.int64)  # the last entry stands for "none"
    local[used] = np.arange(len(used))
    vectors = represent(model, context[: len(rows)], sources[torch.from_numpy(used)], local[windows])
    return vectors, memory[: len(rows)]


def _conversations_needed(
    prepared: PreparedConversations, targets: Sequence[int], windows: NDArray[np.int64], known: int
) -> list[int]:
    remembered = np.unique(windows[(windows >= known) & (windows < prepared.utterances)])
    owners = np.unique(np.searchsorted(prepared.offsets, remembered, side="right") - 1)
    chosen = set(targets)
    return [int(c) for c in owners if int(c) not in chosen]
