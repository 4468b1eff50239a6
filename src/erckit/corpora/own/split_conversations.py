"""Divide conversations into train, dev and test, label by label."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS
from erckit.errors import CorpusError


def split_conversations(
    conversations: Sequence[Conversation], splits: tuple[float, float, float] = (0.8, 0.1, 0.1), seed: int = 0
) -> dict[str, tuple[Conversation, ...]]:
    """Splits that hold whole conversations, and about the same share of every label.

    Greedy: from the longest conversation to the shortest (equal ones in an order drawn with the seed), each goes to
    the split that its labels bring closest to the wanted share of every label. A conversation with a label that
    train still lacks goes to train, for such a label cannot be learned. Utterances without a label count as one
    label more. The same conversations and seed give the same splits.

    Args:
        conversations: In file order; they keep it inside their split.
        splits: Share of the utterances that go to train, dev and test: 0 to 1, together 1. A split with 0 is
            not made.
        seed: Of the order.

    Raises:
        CorpusError: Shares that do not sum to 1, or fewer conversations than splits.
    """
    if len(splits) != len(SPLITS) or not min(splits) >= 0 or not abs(sum(splits) - 1) < 1e-6:
        raise CorpusError(f"the shares of train, dev and test must be from 0 to 1 and sum to 1, got {list(splits)}.")
    shares = {name: share for name, share in zip(SPLITS, splits, strict=True) if share > 0}
    if len(conversations) < len(shares):
        raise CorpusError(
            f"{len(conversations)} conversation{'s' * (len(conversations) != 1)} cannot be divided into "
            f"{', '.join(shares)}: a conversation stays whole. Give more conversations, or one file per split."
        )
    counts = [Counter(u.label for u in c.utterances) for c in conversations]
    totals: Counter[str | None] = Counter()
    for count in counts:
        totals.update(count)
    wanted = {name: {label: share * n for label, n in totals.items()} for name, share in shares.items()}
    order = list(range(len(conversations)))
    random.Random(seed).shuffle(order)
    chosen: dict[int, str] = {}
    learnable: set[str | None] = {None}
    for i in sorted(order, key=lambda i: -counts[i].total()):
        if "train" in shares and not counts[i].keys() <= learnable:
            chosen[i] = "train"
        else:
            chosen[i] = max(shares, key=lambda name: _gain(counts[i], wanted[name], totals) / shares[name])
        for label, n in counts[i].items():
            wanted[chosen[i]][label] -= n
        if chosen[i] == "train":
            learnable |= counts[i].keys()
    _fill_empty(chosen, counts, shares)
    return {name: tuple(c for i, c in enumerate(conversations) if chosen[i] == name) for name in shares}


def _gain(count: Counter[str | None], wanted: dict[str | None, float], totals: Counter[str | None]) -> float:
    """Half of what a conversation takes off the squared distance of a split to its shares of the labels."""
    return sum(n * (wanted[label] - n / 2) / totals[label] ** 2 for label, n in count.items())


def _fill_empty(chosen: dict[int, str], counts: list[Counter[str | None]], shares: dict[str, float]) -> None:
    """Give a split that got nothing the smallest conversation another can spare, best one train can learn without."""
    for name in shares:
        if name in chosen.values():
            continue
        sizes = Counter(chosen.values())
        learnable = Counter(label for i, split in chosen.items() if split == "train" for label in counts[i])

        def cost(i: int, learnable: Counter[str | None] = learnable) -> tuple[bool, int, int]:
            breaks = chosen[i] == "train" and any(learnable[label] == 1 for label in counts[i] if label is not None)
            return breaks, sum(counts[i].values()), i

        spare = [i for i, split in chosen.items() if sizes[split] > 1]
        chosen[min(spare, key=cost)] = name
