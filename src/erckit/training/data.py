"""Training data made once: tokens, labels, histories, and the batches of every epoch."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus
from erckit.corpora.mixture import KNOWN_LABELS, PART, REPEAT
from erckit.encoding.tokens import TokenizedConversation
from erckit.errors import SettingError, nearest
from erckit.labels import LabelSet
from erckit.networks.network import ModelInputs
from erckit.networks.preparation import Preparation, PreparedConversations, token_batches
from erckit.recipe.training_settings import TrainingSettings
from erckit.training.objectives.objective import NO_LABEL

if TYPE_CHECKING:
    from erckit.conversation import Conversation
    from erckit.recipe.training_settings import TrainingSettings


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Prepared conversations with what is learnt from them.

    Args:
        prepared: The conversations, C of them.
        labels: Label of every utterance row, (R,).
        possible: Labels that it can have, (R, L) booleans; None where every row can have all.
        repeats: How often an epoch meets each conversation, (C,).
    """

    prepared: PreparedConversations
    labels: Tensor
    possible: Tensor | None
    repeats: tuple[int, ...]

    @classmethod
    def from_conversations(
        cls,
        conversations: Sequence[Conversation],
        label_set: LabelSet,
        preparation: Preparation,
        tokenized: Sequence[TokenizedConversation] | None = None,
    ) -> TrainingData:
        """Tokenise conversations, unless their tokens are given, and look up their labels.

        Raises:
            LabelSetError: A gold label the label set lacks.
        """
        labels = [i for c in conversations for i in label_set.indices((u.label for u in c.utterances), NO_LABEL)]
        possible = possible_labels(conversations, label_set)
        prepared = preparation.prepare(conversations, tokenized=tokenized)
        return cls(prepared, torch.tensor(labels), possible, repeats_of(conversations))


def repeats_of(conversations: Sequence[Conversation]) -> tuple[int, ...]:
    """How often an epoch meets each conversation, (C,): ``meta["repeat"]`` out of a mixture, else once.

    A lone utterance without a label is never met: there is nothing to learn from it.
    """
    lone = (len(c) == 1 and c.utterances[0].label is None for c in conversations)
    return tuple(0 if skip else int(c.meta.get(REPEAT, 1)) for c, skip in zip(conversations, lone, strict=True))


def possible_labels(conversations: Sequence[Conversation], label_set: LabelSet) -> Tensor | None:
    """Which labels the utterances of each conversation can have, (R, L) booleans; None where all can have all.

    A conversation out of a mixture says so in ``meta["known_labels"]``.
    """
    if not any(KNOWN_LABELS in c.meta for c in conversations):
        return None
    rows = [
        [label in c.meta.get(KNOWN_LABELS, label_set.labels) for label in label_set.labels]
        for c in conversations
        for _ in c.utterances
    ]
    return torch.tensor(rows)


def epoch_batches(
    prepared: PreparedConversations,
    settings: TrainingSettings,
    epoch: int,
    chances: NDArray[np.float64] | None = None,
    repeats: Sequence[int] | None = None,
) -> list[list[int]]:
    """Conversations of each batch of an epoch: shuffled by seed and epoch, cut by tokens.

    Args:
        prepared: The training conversations.
        settings: The training's settings.
        epoch: From 0 on.
        chances: Of each conversation to be in the epoch, in (0, 1]; None takes all.
        repeats: How often an epoch meets each conversation; again only after all have been met once. None is once.
    """
    generator = np.random.default_rng([settings.seed, epoch])
    order = generator.permutation(len(prepared))
    if repeats is not None:
        times = np.asarray(repeats)
        again = [generator.permutation(np.flatnonzero(times > turn)) for turn in range(1, int(times.max(initial=1)))]
        order = np.concatenate([order[times[order] > 0], *again])
    if chances is not None:
        drawn = order[generator.random(len(order)) < chances[order]]
        order = drawn if len(drawn) else order[:1]
    return token_batches(prepared, [int(c) for c in order], settings.batch_tokens)


def packed_ahead(
    batches: Sequence[list[int]], data: TrainingData, preparation: Preparation, memory: Tensor
) -> Generator[tuple[list[int], ModelInputs]]:
    """Batches with their inputs, each packed by another thread while the one before it is trained on.

    The history vectors are read when a batch is asked for, not when it is packed ahead, so they are the newest.
    """

    def build(chosen: list[int]) -> tuple[ModelInputs, Tensor]:
        return preparation.inputs(data.prepared, chosen)

    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(build, batches[0]) if batches else None
        for i, chosen in enumerate(batches):
            assert future is not None
            inputs, outside = future.result()
            if i + 1 < len(batches):
                future = thread.submit(build, batches[i + 1])
            yield chosen, inputs.with_outside(memory[outside.to(memory.device)])


def with_share(corpus: Corpus, share: float, share_of: str, seed: int) -> Corpus:
    """The corpus with a share of its train split; dev and test stay whole.

    Source: the data scaling of InstructERC (arXiv 2309.11911): "total mix" draws from all corpora together, "ratio
    mix" the same share from each.

    Args:
        corpus: Any.
        share: In (0, 1]; at least one conversation is kept.
        share_of: Of a mixture: ``total`` or ``each``.
        seed: Of the draw. With one seed, a smaller share is part of a larger one.
    """
    train = corpus.split("train")
    if share == 1:
        return corpus
    parts: dict[str, list[int]] = {}
    for i, conversation in enumerate(train):
        parts.setdefault(str(conversation.meta.get(PART, "")) if share_of == "each" else "", []).append(i)
    kept: list[int] = []
    for part in parts.values():
        order = np.random.default_rng([seed, 7919]).permutation(part)
        kept += [int(i) for i in order[: max(1, round(share * len(part)))]]
    return replace(corpus, splits={**corpus.splits, "train": tuple(train[i] for i in sorted(kept))})


REST = "*"


def conversation_chances(
    conversations: Sequence[Conversation], label_set: LabelSet, settings: TrainingSettings
) -> NDArray[np.float64] | None:
    """Chance of each conversation to be in an epoch under a training's settings, see :func:`keep_chances`."""
    labels = [label_set.indices((u.label for u in c.utterances), NO_LABEL) for c in conversations]
    return keep_chances(labels, label_set, settings.kept_conversations, settings.sampling)


def keep_chances(
    labels: Sequence[Sequence[int]], label_set: LabelSet, kept: Mapping[str, float], sampling: str = "all"
) -> NDArray[np.float64] | None:
    """Chance of each conversation to be in an epoch: that of its likeliest label.

    Args:
        labels: Label indices of every conversation's utterances, ``NO_LABEL`` for none.
        label_set: The labels.
        kept: Chance by label; ``*`` stands for the others, 1 where it is missing. Not empty: ``sampling`` is ignored.
        sampling: ``all``; ``inverse``, the smallest count over the label's; ``sqrt_inverse``, its square root.

    Returns:
        In (0, 1], one per conversation; None where all are taken. A conversation without any label has the least
        chance of all.

    Raises:
        SettingError: A label the corpus lacks.
    """
    for label in kept:
        if label != REST and label not in label_set.labels:
            raise SettingError(
                f"'training.kept_conversations.{label}': no such label. {nearest(label, label_set.labels)}"
            )
    if kept:
        chances = np.array([kept.get(label, kept.get(REST, 1.0)) for label in label_set.labels])
    elif sampling == "all":
        return None
    else:
        flat = np.array([y for conversation in labels for y in conversation if y != NO_LABEL], dtype=np.int64)
        counts = np.bincount(flat, minlength=len(label_set)).clip(min=1)
        chances = counts.min() / counts if sampling == "inverse" else np.sqrt(counts.min() / counts)
    least = float(chances.min())
    return np.array([max([chances[y] for y in set(found) if y != NO_LABEL], default=least) for found in labels])
