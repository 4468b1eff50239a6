"""Label mappings: what the labels of one label set are called in another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from erckit.errors import LabelSetError, nearest
from erckit.labels import LabelSet


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """What each label of one label set becomes in another.

    Args:
        name: Name of the target label set, as protocols print it.
        source: The labels that are mapped.
        target: The label set they are mapped to.
        pairs: Source label to target label, or None where a label has no counterpart.
        doubtful: Source labels whose counterpart is a makeshift, such as surprise -> powerful.

    Raises:
        LabelSetError: A source label without a pair, a pair of another label, a counterpart that the target
            lacks, or a doubtful label that is not mapped.
    """

    name: str
    source: tuple[str, ...]
    target: LabelSet
    pairs: Mapping[str, str | None]
    doubtful: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for label in self.source:
            if label not in self.pairs:
                raise LabelSetError(
                    f"the mapping to {self.name} does not say what '{label}' becomes; "
                    "give it a label, or null when it has no counterpart."
                )
        for label, counterpart in self.pairs.items():
            if label not in self.source:
                raise LabelSetError(
                    f"the mapping to {self.name} maps '{label}', which it lacks. {nearest(label, self.source)}"
                )
            if counterpart is not None and counterpart not in self.target:
                raise LabelSetError(
                    f"the mapping to {self.name} maps '{label}' to '{counterpart}', which is not one of "
                    f"{list(self.target.labels)}. {nearest(counterpart, self.target.labels)}"
                )
        for label in sorted(self.doubtful):
            if self.pairs.get(label) is None:
                raise LabelSetError(
                    f"the mapping to {self.name} calls '{label}' doubtful, but does not map it; "
                    "only labels with a counterpart can be doubtful."
                )

    @classmethod
    def identity(cls, name: str, target: LabelSet, source: Iterable[str] | None = None) -> LabelMapping:
        """Every label keeps its name: the mapping of (a part of) a label set to itself.

        Args:
            name: Name of the target.
            target: The label set.
            source: Labels of ``target``; None takes all.
        """
        labels = tuple(target.labels if source is None else source)
        return cls(name, labels, target, {label: label for label in labels})

    @property
    def reachable(self) -> tuple[str, ...]:
        """Target labels that at least one source label becomes, in the target's order."""
        reached = set(self.pairs.values())
        return tuple(label for label in self.target.labels if label in reached)

    @property
    def without_counterpart(self) -> tuple[str, ...]:
        """Source labels that become nothing."""
        return tuple(label for label in self.source if self.pairs[label] is None)

    @property
    def merges(self) -> dict[str, tuple[str, ...]]:
        """Reachable target label to the source labels that become it, in source order."""
        return {one: tuple(label for label in self.source if self.pairs[label] == one) for one in self.reachable}

    def map(self, label: str) -> str | None:
        """The counterpart of a source label, or None when it has none.

        Raises:
            LabelSetError: Not a source label; the message names the nearest.
        """
        try:
            return self.pairs[label]
        except KeyError:
            raise LabelSetError(
                f"unknown label '{label}' in the mapping to {self.name}. {nearest(label, self.source)}"
            ) from None

    def map_all(self, labels: Iterable[str]) -> str | None:
        """The one counterpart that all of several labels share, or None: two, none, or no label at all."""
        found = {self.map(label) for label in labels}
        return found.pop() if len(found) == 1 else None

    def map_scores(self, scores: Mapping[str, float], keep: Iterable[str] | None = None) -> dict[str, float]:
        """Scores of the target labels: those of the labels that become one are added up.

        Args:
            scores: Source label to score; every source label, each in [0, 1].
            keep: Target labels to score, None for all reachable ones. What falls to other labels, or to labels
                without a counterpart, is taken out and the rest divided by its sum.

        Returns:
            Label to score, summing to 1, in the order of ``keep``; equal scores where nothing is left to divide.
        """
        sums = dict.fromkeys(self.reachable if keep is None else keep, 0.0)
        for label in self.source:
            one = self.pairs[label]
            if one in sums:
                sums[one] += scores[label]
        total = sum(sums.values())
        return {label: score / total if total > 0 else 1 / len(sums) for label, score in sums.items()}

    def is_lossless(self, keep: Iterable[str] | None = None) -> bool:
        """Whether every source label becomes one of ``keep`` (None: any label), so that no score is taken out."""
        kept = set(self.target.labels if keep is None else keep)
        return all(one in kept for one in self.pairs.values())

    def then(self, other: LabelMapping) -> LabelMapping:
        """This mapping followed by ``other``: a label without a counterpart on the way has none at the end.

        A label is doubtful when either step is.

        Raises:
            LabelSetError: ``other`` does not map a label that this mapping reaches.
        """
        pairs = {label: None if one is None else other.map(one) for label, one in self.pairs.items()}
        doubtful = frozenset(
            label
            for label, last in pairs.items()
            if last is not None and (label in self.doubtful or self.pairs[label] in other.doubtful)
        )
        return LabelMapping(other.name, self.source, other.target, pairs, doubtful)

    def restrict(self, labels: Iterable[str]) -> LabelMapping:
        """The same mapping for some of its source labels, in the given order.

        Raises:
            LabelSetError: A label that is not a source label.
        """
        pairs = {label: self.map(label) for label in labels}
        return LabelMapping(self.name, tuple(pairs), self.target, pairs, self.doubtful & frozenset(pairs))

    def lines(self) -> list[str]:
        """What becomes what, for people: one line per reachable label, then what is left out or never reached."""
        width = max((len(label) for label in self.target.labels), default=0)
        lines = [
            f"{one:{width}} <- {', '.join(label + ' (doubtful)' * (label in self.doubtful) for label in labels)}"
            for one, labels in self.merges.items()
        ]
        if self.without_counterpart:
            lines.append(f"no counterpart: {', '.join(self.without_counterpart)}")
        unreached = [label for label in self.target.labels if label not in self.reachable]
        if unreached:
            lines.append(f"not reached: {', '.join(unreached)}")
        return lines
