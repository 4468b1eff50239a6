"""Several corpora as one: the same labels, all their conversations, for a model that should know more than one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus, Protocol
from erckit.corpora.mappings.labels_apart import APART
from erckit.errors import CorpusError

SEPARATOR = "+"
KNOWN_LABELS = "known_labels"  # key in a conversation's meta: the labels its corpus has, where these are not all

PART = "corpus"  # key in a conversation's meta: the corpus it comes from
REPEAT = "repeat"  # key in a conversation's meta: how often an epoch meets it, where that is not once


def mixture_parts(name: str) -> list[tuple[str, int]]:
    """Corpus names of a mixture, and how often an epoch meets the train conversations of each.

    ``"goemotions+2*emorynlp"`` meets those of EmoryNLP twice.

    Raises:
        CorpusError: A number that is not 1 or more.
    """
    parts = []
    for part in name.split(SEPARATOR):
        times, star, corpus = part.rpartition("*")
        if star and not (times.isdecimal() and int(times) > 0):
            raise CorpusError(f"'{part}' of '{name}': write a whole number before the star, such as 2*{corpus}.")
        parts.append((corpus.strip(), int(times) if star else 1))
    return parts


def is_mixture(name: str) -> bool:
    """Whether a corpus name means several, such as ``"goemotions+emorynlp"``."""
    return SEPARATOR in name and not Path(name).exists()


def mix_corpora(corpora: Sequence[Corpus], repeats: Sequence[int] | None = None) -> Corpus:
    """Corpora of one label set as one corpus.

    Splits hold the conversations of the parts in their order; an id that two parts share gets its corpus' name in
    front. A split that a part lacks holds the conversations of the others. Where a part lacks some of the labels
    altogether, its conversations say in ``meta["known_labels"]`` which it has: training then keeps the other labels
    out of their loss, as a corpus without "surprise" does not say that nobody was surprised. Nor are they predicted
    where dev is scored in training, or any split by ``evaluate_model``.

    Args:
        corpora: At least two, mapped to the same labels before (``map_corpus``).
        repeats: How often an epoch of training meets the train conversations of each; None is once. Conversations
            met more often say so in ``meta["repeat"]``.

    Returns:
        A corpus named like ``"goemotions+emorynlp"``, with a protocol per split, scored by weighted F1; by macro F1
        where the labels are apart, as the weighted one would be that of the largest corpus' neutral label.

    Raises:
        CorpusError: Fewer than two parts, one part twice, or label sets that differ.
    """
    names = [corpus.name for corpus in corpora]
    if len(corpora) < 2 or len(set(names)) != len(names):
        raise CorpusError(f"a mixture takes at least two different corpora, got {SEPARATOR.join(names)}.")
    first = corpora[0]
    for other in corpora[1:]:
        if other.label_set != first.label_set:
            raise CorpusError(
                f"'{first.name}' and '{other.name}' have different labels ({', '.join(first.label_set.labels)} and "
                f"{', '.join(other.label_set.labels)}). Map both to one label set, for instance with '--map ekman'."
            )
    times = list(repeats) if repeats is not None else [1] * len(corpora)
    name = SEPARATOR.join(f"{n}*{one}" if n > 1 else one for one, n in zip(names, times, strict=True))
    splits = dict.fromkeys(split for corpus in corpora for split in corpus.splits)
    return Corpus(
        name=name,
        version="; ".join(f"{corpus.name}: {corpus.version}" for corpus in corpora),
        label_set=first.label_set,
        splits={split: _joined(corpora, times, split) for split in splits},
        licence="; ".join(f"{corpus.name}: {corpus.licence}" for corpus in corpora if corpus.licence),
        source="; ".join(corpus.source for corpus in corpora if corpus.source),
        anonymous_speakers=frozenset().union(*(corpus.anonymous_speakers for corpus in corpora)),
        protocols={
            f"{name}/{split}": Protocol(
                name=f"{name}/{split}",
                corpus=name,
                split=split,
                metric="macro_f1" if first.mapping == APART else "weighted_f1",
                selection="dev",
                memory=f"earlier conversations of the train and {split} splits",
                remembered_splits=() if split == "train" else ("train",),
            )
            for split in splits
        },
        mapping=first.mapping,
    )


def without_conversations(corpus: Corpus, leave_out: Collection[str]) -> Corpus:
    """The corpus without some conversations, for instance those another corpus is scored on.

    Args:
        corpus: Any.
        leave_out: Conversation ids.

    Raises:
        CorpusError: An id that no split has, or a split that would be empty.
    """
    wanted = set(leave_out)
    if not wanted:
        return corpus
    unknown = wanted - {c.id for conversations in corpus.splits.values() for c in conversations}
    if unknown:
        raise CorpusError(
            f"corpus '{corpus.name}' has no conversation '{min(unknown)}' to leave out ({len(unknown)} such ids). "
            "Correct 'leave_out' of the recipe."
        )
    splits = {name: tuple(c for c in found if c.id not in wanted) for name, found in corpus.splits.items()}
    for name, kept in splits.items():
        if not kept:
            raise CorpusError(f"leaving out {len(wanted)} conversations empties the split '{name}' of '{corpus.name}'.")
    return replace(corpus, splits=splits)


def _joined(corpora: Sequence[Corpus], repeats: Sequence[int], split: str) -> tuple[Conversation, ...]:
    seen: set[str] = set()
    joined = []
    for corpus, times in zip(corpora, repeats, strict=True):
        known = _labels_in_use(corpus)
        extra: dict[str, Any] = {PART: corpus.name}
        if set(known) != set(corpus.label_set.labels):
            extra[KNOWN_LABELS] = known
        if split == "train" and times > 1:
            extra[REPEAT] = times
        for conversation in corpus.splits.get(split, ()):
            name = f"{corpus.name}:{conversation.id}" if conversation.id in seen else conversation.id
            seen.add(conversation.id)
            joined.append(replace(conversation, id=name, meta={**conversation.meta, **extra}))
    return tuple(joined)


def _labels_in_use(corpus: Corpus) -> list[str]:
    """Labels that some utterance of the corpus has, in label-set order."""
    used = {u.label for conversations in corpus.splits.values() for c in conversations for u in c.utterances}
    return [label for label in corpus.label_set.labels if label in used]
