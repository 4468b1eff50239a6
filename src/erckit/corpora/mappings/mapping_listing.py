"""Label sets and mappings as text: what is known, or what they do to one corpus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erckit.corpora.corpus import Corpus
from erckit.corpora.mappings.mapping_coverage import MappingCoverage, mapping_coverage
from erckit.corpora.mappings.mapping_file import Target
from erckit.corpora.mappings.mappings import find_mapping, find_target, known_targets
from erckit.errors import LabelSetError


@dataclass(frozen=True, slots=True)
class KnownMappings:
    """Label sets with the mappings into them.

    Args:
        targets: To show.
    """

    targets: Sequence[Target]

    def lines(self) -> list[str]:
        """For people: each label set, and each mapping with its coverage and what is doubtful."""
        lines = []
        for target in self.targets:
            lines += ["", f"{target.name}: {target.about}" if target.about else target.name]
            neutral = target.label_set.neutral
            lines.append(f"  labels: {', '.join(target.label_set.labels)}; neutral: {neutral or 'none'}")
            for source, mapping in target.mappings.items():
                mapped = len(mapping.source) - len(mapping.without_counterpart)
                note = f"; {target.notes[source]}" if source in target.notes else ""
                lines.append(
                    f"  {source}: {mapped} of {len(mapping.source)} labels mapped, to {len(mapping.reachable)} of "
                    f"{len(target.label_set)}{note}"
                )
                lines += [f"    {line}" for line in mapping.lines()]
        return lines[1:]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, in the form of a mapping file (without ``through``)."""
        return {
            target.name: {
                "about": target.about,
                "labels": list(target.label_set.labels),
                "neutral": target.label_set.neutral,
                "from": {
                    source: {"pairs": dict(one.pairs), "doubtful": sorted(one.doubtful)}
                    | ({"note": target.notes[source]} if source in target.notes else {})
                    for source, one in target.mappings.items()
                },
            }
            for target in self.targets
        }


@dataclass(frozen=True, slots=True)
class CorpusMappings:
    """What mappings do to one corpus.

    Args:
        coverages: One per label set that the corpus can be mapped to.
    """

    coverages: Sequence[MappingCoverage]

    def lines(self) -> list[str]:
        """For people."""
        return [line for one in self.coverages for line in ["", *one.lines()]][1:]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {one.mapping.name: one.to_dict() for one in self.coverages}


def known_mappings(to: str | Path | None = None) -> KnownMappings:
    """All label sets that ship with erckit, or the one named.

    Raises:
        LabelSetError: No such label set.
    """
    return KnownMappings([find_target(to)] if to is not None else list(known_targets().values()))


def corpus_mappings(corpus: Corpus, to: str | Path | None = None) -> CorpusMappings:
    """What each mapping does to a corpus.

    Args:
        corpus: With its own labels.
        to: Only this label set; None for all that its labels can be mapped to.

    Raises:
        LabelSetError: No such label set, or the corpus' labels cannot be mapped to any.
    """
    if to is not None:
        return CorpusMappings([mapping_coverage(corpus, find_mapping(corpus.label_set.labels, to))])
    coverages = []
    for name in known_targets():
        try:
            mapping = find_mapping(corpus.label_set.labels, name)
        except LabelSetError:
            continue
        coverages.append(mapping_coverage(corpus, mapping))
    if not coverages:
        raise LabelSetError(
            f"the labels of corpus '{corpus.name}' ({', '.join(corpus.label_set.labels)}) cannot be mapped to any of "
            f"{list(known_targets())}. Write a mapping of your own as a JSON file and give it with '--to'."
        )
    return CorpusMappings(coverages)
