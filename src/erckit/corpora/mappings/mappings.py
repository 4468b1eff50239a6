"""Named label sets, and the mappings of corpus labels into them; the data are in ``mappings.json``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.corpora.mappings.mapping_file import Target, read_targets
from erckit.corpora.mixture import KNOWN_LABELS
from erckit.errors import LabelSetError, nearest
from erckit.label_mapping import LabelMapping
from erckit.labels import LabelSet

# Where map_corpus keeps the label, or the labels, of an utterance that has no counterpart.
LEFT_OUT = "left_out_label"

_DATA = Path(__file__).with_name("mappings.json")


@cache
def known_targets() -> dict[str, Target]:
    """The label sets that ship with erckit, by name."""
    return read_targets(_DATA, {})


def find_target(name_or_file: str | Path) -> Target:
    """A label set by name, or the one of a user's own JSON file.

    Raises:
        LabelSetError: No such name, or a file that is not there or not of that form.
    """
    known = known_targets()
    if isinstance(name_or_file, str) and name_or_file in known:
        return known[name_or_file]
    path = Path(name_or_file)
    if not path.is_file():
        if path.suffix:
            raise LabelSetError(f"{path}: there is no such mapping file; name a JSON file or one of {sorted(known)}.")
        raise LabelSetError(
            f"unknown label set '{name_or_file}'. {nearest(str(name_or_file), known)} A JSON file of your own is "
            "taken, too; 'erckit corpora mappings' shows the known ones."
        )
    targets = read_targets(path, known)
    if len(targets) != 1:
        raise LabelSetError(f"{path}: describes {len(targets)} label sets; a mapping file holds exactly one.")
    return next(iter(targets.values()))


def find_mapping(labels: Sequence[str], target: str | Path) -> LabelMapping:
    """The mapping of a label set into another, found by the labels themselves.

    Args:
        labels: The labels to map, in any order; some of the labels of a known set are enough.
        target: Name of a label set ("ekman", "unified", "polarity") or a JSON file of the same form.

    Returns:
        A mapping whose source is ``labels`` in the given order: that of the label set which they are, else the
        identity where all of them are labels of the target, else that of the first label set which has all of them.

    Raises:
        LabelSetError: No such target, or none of its mappings knows all of these labels.
    """
    found = find_target(target)
    wanted = set(labels)
    known = [one for one in found.mappings.values() if wanted <= set(one.source)]
    exact = [one for one in known if wanted == set(one.source)]
    if not exact and wanted <= set(found.label_set.labels):
        return LabelMapping.identity(found.name, found.label_set, labels)
    choices = [one.restrict(labels) for one in exact or known]
    # What is doubtful in one label set may be none in another; what counts is that they become the same.
    if choices and all(one.pairs == choices[0].pairs for one in choices):
        return choices[0]
    if choices:
        raise LabelSetError(
            f"more than one mapping to {found.name} fits the labels {sorted(wanted)}, and they differ; "
            "write the one you mean into a JSON file of your own."
        )
    sets = "; ".join(
        f"{name} ({', '.join(one.source)})" for name, one in found.mappings.items() if len(one.source) < 12
    )
    raise LabelSetError(
        f"no mapping to {found.name} knows the labels {sorted(wanted)}. Known label sets: {sets}"
        f"{_large(found)}. Write a mapping of your own as a JSON file and name it instead of '{target}'."
    )


def _large(target: Target) -> str:
    """Label sets too long to list in a message."""
    return "".join(
        f"; {name} ({len(one.source)} labels)" for name, one in target.mappings.items() if len(one.source) >= 12
    )


def map_corpus(corpus: Corpus, mapping: LabelMapping, *, reachable_only: bool = False) -> Corpus:
    """The same corpus with its labels mapped.

    An utterance whose label has no counterpart becomes context without a label; its own label stays in
    ``extra["left_out_label"]``. One with several labels (``extra["labels"]``, no ``label``) gets the counterpart
    that all of them share, if there is one.

    Args:
        corpus: Any corpus; its label set must be (in any order) the mapping's source.
        mapping: From :func:`find_mapping`.
        reachable_only: Leave labels that no label of the corpus becomes out of the new label set, so that a
            model trained on it does not score labels it never saw.

    Returns:
        A corpus of the same name whose label set is the target (or its reachable part), with ``mapping`` set.

    Raises:
        LabelSetError: The mapping lacks a label of the corpus, or ``reachable_only`` leaves fewer than two labels.
    """
    mapping = mapping.restrict(corpus.label_set.labels)
    target = mapping.target
    if reachable_only:
        reachable = mapping.reachable
        target = LabelSet(reachable, target.neutral if target.neutral in reachable else None)
    return replace(
        corpus,
        label_set=target,
        splits={name: _map_conversations(split, mapping) for name, split in corpus.splits.items()},
        mapping=mapping.name,
    )


def count_left_out(conversations: Iterable[Conversation], label_set: LabelSet | None = None) -> int:
    """Utterances of a mapped corpus whose gold label is not scored.

    Args:
        conversations: Of the mapped corpus.
        label_set: The labels that are scored; None takes all of the corpus.
    """
    return sum(
        LEFT_OUT in utterance.extra
        if utterance.label is None
        else label_set is not None and utterance.label not in label_set
        for one in conversations
        for utterance in one.utterances
    )


def _map_conversations(conversations: Sequence[Conversation], mapping: LabelMapping) -> tuple[Conversation, ...]:
    return tuple(
        replace(
            one,
            utterances=tuple(_map_utterance(utterance, mapping) for utterance in one.utterances),
            meta=_map_known_labels(one.meta, mapping),
        )
        for one in conversations
    )


def _map_known_labels(meta: Mapping[str, Any], mapping: LabelMapping) -> Mapping[str, Any]:
    """Out of a mixture: the labels that the conversation's corpus has, mapped as well."""
    if KNOWN_LABELS not in meta:
        return meta
    known = [label for label in mapping.source if label in meta[KNOWN_LABELS]]
    return {**meta, KNOWN_LABELS: list(mapping.restrict(known).reachable)}


def _map_utterance(utterance: Utterance, mapping: LabelMapping) -> Utterance:
    own: Any = utterance.label
    if own is None:
        own = utterance.extra.get("labels")
        if not isinstance(own, (list, tuple)) or not own:
            return utterance
        label = mapping.map_all(own)
    else:
        label = mapping.map(own)
    extra = utterance.extra if label is not None else {**utterance.extra, LEFT_OUT: own}
    return replace(utterance, label=label, extra=extra)
