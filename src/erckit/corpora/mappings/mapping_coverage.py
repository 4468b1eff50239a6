"""How many utterances of a corpus each merge of a mapping moves, and how many have no counterpart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from erckit.corpora.corpus import Corpus
from erckit.corpora.mappings.mappings import LEFT_OUT, map_corpus
from erckit.label_mapping import LabelMapping

# How utterances with more than one gold label are counted; no label of a corpus has this name.
SEVERAL = "(several labels)"


@dataclass(frozen=True, slots=True)
class MappingCoverage:
    """What a mapping does to a corpus.

    Args:
        corpus: Its name.
        mapping: From its labels.
        utterances: Utterances with a gold label in each split.
        merged: Target label to source label to utterances, over all splits.
        left_out: Source label without a counterpart to utterances, over all splits.
        left_out_by_split: The same as one number per split.
    """

    corpus: str
    mapping: LabelMapping
    utterances: Mapping[str, int]
    merged: Mapping[str, Mapping[str, int]]
    left_out: Mapping[str, int]
    left_out_by_split: Mapping[str, int]

    def lines(self) -> list[str]:
        """For people: one line per reached label, then what is left out."""
        width = max(len(label) for label in self.mapping.target.labels)
        lines = [f"{self.corpus} mapped to {self.mapping.name}:"]
        for label, sources in self.merged.items():
            parts = [f"{self._name(one)} {count:,}" for one, count in sources.items()]
            lines.append(f"  {label:{width}} <- {', '.join(parts)}")
        total = sum(self.utterances.values())
        lost = sum(self.left_out.values())
        if not lost:
            lines.append(f"  nothing left out of {total:,} utterances")
        else:
            labels = ", ".join(f"{label} {count:,}" for label, count in self.left_out.items())
            splits = ", ".join(
                f"{split} {count:,} of {self.utterances[split]:,}" for split, count in self.left_out_by_split.items()
            )
            lines.append(f"  left out: {lost:,} of {total:,} utterances ({lost / total:.1%}): {labels}")
            lines.append(f"  by split: {splits}")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "corpus": self.corpus,
            "mapping": self.mapping.name,
            "doubtful": sorted(self.mapping.doubtful),
            "utterances": dict(self.utterances),
            "merged": {label: dict(sources) for label, sources in self.merged.items()},
            "left_out": dict(self.left_out),
            "left_out_by_split": dict(self.left_out_by_split),
        }

    def _name(self, label: str) -> str:
        return f"{label} (doubtful)" if label in self.mapping.doubtful else label


def mapping_coverage(corpus: Corpus, mapping: LabelMapping) -> MappingCoverage:
    """Count what a mapping moves and leaves out.

    Args:
        corpus: With its own labels.
        mapping: From its labels.

    Returns:
        Counts over all published splits; labels that never occur do not appear.
    """
    mapped = map_corpus(corpus, mapping)
    utterances: Counter[str] = Counter()
    merged: dict[str, Counter[str]] = {label: Counter() for label in mapping.reachable}
    left_out: Counter[str] = Counter()
    by_split: Counter[str] = Counter()
    for split, conversations in corpus.splits.items():
        utterances[split] += 0
        pairs = (
            (before, after)
            for one, other in zip(conversations, mapped.splits[split], strict=True)
            for before, after in zip(one.utterances, other.utterances, strict=True)
        )
        for before, after in pairs:
            own = before.label if before.label is not None else SEVERAL
            if after.label is not None:
                utterances[split] += 1
                merged[after.label][own] += 1
            elif LEFT_OUT in after.extra:
                utterances[split] += 1
                left_out[own] += 1
                by_split[split] += 1
    return MappingCoverage(
        corpus.name,
        mapping,
        dict(utterances),
        {label: dict(sources.most_common()) for label, sources in merged.items() if sources},
        dict(left_out.most_common()),
        dict(by_split),
    )
