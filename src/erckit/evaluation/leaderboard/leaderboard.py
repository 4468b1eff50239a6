"""Measured and published scores, one table per protocol, never two protocols in one table."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from erckit.errors import ResultError
from erckit.evaluation.leaderboard.leaderboard_row import LeaderboardRow
from erckit.evaluation.results.published import (
    ExcludedScore,
    PublishedScore,
    excluded_scores,
    published_scores,
    published_splits,
)
from erckit.evaluation.results.stored_result import StoredResult


def with_group_letters(rows: Sequence[LeaderboardRow]) -> tuple[list[LeaderboardRow], list[str]]:
    """Compare all pairs of a table and give each row its letters.

    Args:
        rows: Of one protocol and one metric, best first.

    Returns:
        The rows, and notes on what was tested; without letters, and with the reason, where rows cannot be compared.
    """
    from erckit.evaluation.comparison.compare import compare_results

    if len(rows) < 2:
        return list(rows), []
    try:
        comparison = compare_results([row.result for row in rows], rows[0].metric, names=[row.name for row in rows])
    except ResultError as error:
        return list(rows), [f"The systems were not compared: {error}"]
    letters = {system.name: system.letters for system in comparison.systems}
    smallest = [100 * pair.smallest_difference_holm for pair in comparison.pairs]
    count = len(comparison.pairs)
    note = (
        "Group: systems that share a letter cannot be told apart (approximate randomisation over conversations, "
        f"{count} pair{'s' * (count != 1)}, Holm-corrected, level {comparison.alpha:g}). "
        "Smallest true difference that this split would show 8 times in 10: "
        + (f"{smallest[0]:.1f} points." if count == 1 else f"{min(smallest):.1f} to {max(smallest):.1f} points.")
    )
    return [dataclasses.replace(row, letters=letters[row.name]) for row in rows], [note, *comparison.warnings]


# Versions of one corpus; whoever measured one of them wants to see what is published on the others.
_FAMILY = {"emorynlp_aligned": "emorynlp"}
_ORDER = ("emorynlp", "emorynlp_aligned", "meld", "dailydialog", "iemocap")


@dataclass(frozen=True, slots=True)
class LeaderboardSection:
    """All scores of one protocol by one metric.

    Args:
        protocol: Its name.
        metric: Name of the metric.
        rows: Measured systems, best first; empty where only published numbers exist.
        published: Published scores of the very same split and metric, best first.
        conversations: Scored conversations, 0 when nothing was measured.
        utterances: Scored utterances; where nothing was measured, those of the published split.
        mapping: Label set that labels were mapped to, empty for the corpus' own.
        labels: The scored labels.
        left_out: Utterances that the mapping leaves out.
        notes: What a reader must know of this table.
    """

    protocol: str
    metric: str
    rows: tuple[LeaderboardRow, ...]
    published: tuple[PublishedScore, ...]
    conversations: int
    utterances: int
    mapping: str = ""
    labels: tuple[str, ...] = ()
    left_out: int = 0
    notes: tuple[str, ...] = ()

    @property
    def corpus(self) -> str:
        """Name of the corpus."""
        return self.protocol.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Every table of a leaderboard.

    Args:
        sections: One per protocol, mapping, label set and metric.
        unplaced: Published scores whose split or metric is not established; they belong to no section.
        excluded: Published numbers that are not scores of the task.
    """

    sections: tuple[LeaderboardSection, ...]
    unplaced: tuple[PublishedScore, ...] = ()
    excluded: tuple[ExcludedScore, ...] = ()


def build_leaderboard(
    stored: Sequence[StoredResult], with_published: bool = True, with_groups: bool = True
) -> Leaderboard:
    """Sort results into one table per protocol and put the published scores of the same protocol below.

    Results stand in one table when protocol, label mapping, labels, metric and the number of scored utterances agree.
    Published scores are added to a protocol of the same name when its split has the published number of utterances,
    and in sections of their own for the other test splits of a measured corpus.

    Args:
        stored: At least one result with its file.
        with_published: Whether published scores are shown.
        with_groups: Whether the systems of a table are compared, which takes a few seconds per table.

    Raises:
        ResultError: No result.
    """
    if not stored:
        raise ResultError("there is no result to put on a leaderboard; give at least one.")
    published = published_scores() if with_published else ()
    groups: dict[tuple[object, ...], list[StoredResult]] = {}
    for one in stored:
        groups.setdefault(_group(one), []).append(one)
    sections = []
    for members in groups.values():
        p = members[0].result.protocol
        fits = p.mapping == "" and _is_published_split(p.name, p.utterances)
        same = [score for score in published if fits and score.protocol == p.name]
        for metric in dict.fromkeys([p.metric, *(score.metric for score in same)]):
            sections.append(_measured(members, metric, [s for s in same if s.metric == metric], with_groups))
    measured = {(section.protocol, section.metric) for section in sections if section.published}
    families = {_family(section.corpus) for section in sections}
    near = [score for score in published if _family(score.corpus) in families]
    for protocol, metric in dict.fromkeys((s.protocol, s.metric) for s in near if s.protocol):
        if protocol is not None and (protocol, metric) not in measured:
            sections.append(_only_published(protocol, metric, near))
    return Leaderboard(
        tuple(sorted(sections, key=_place)),
        tuple(_best_first(score for score in near if score.protocol is None)),
        tuple(e for e in excluded_scores() if with_published and _family(e.corpus) in families),
    )


def _group(one: StoredResult) -> tuple[object, ...]:
    p = one.result.protocol
    labels = frozenset(one.result.label_set.labels)
    return p.name, p.mapping, p.metric, labels, p.conversations, p.utterances


def _measured(
    members: Sequence[StoredResult], metric: str, published: Sequence[PublishedScore], with_groups: bool
) -> LeaderboardSection:
    first = members[0].result
    p = first.protocol
    names = _names(members)
    rows = [LeaderboardRow(name, metric, one.result) for name, one in zip(names, members, strict=True)]
    rows.sort(key=lambda row: -row.score)
    notes: list[str] = []
    if with_groups:
        rows, notes = with_group_letters(rows)
    split = published_splits().get(p.name)
    if published and split is not None and split.note:
        notes.append(split.note)
    if split is not None and p.mapping == "" and p.utterances not in split.utterances:
        wanted = " or ".join(f"{n:,}" for n in split.utterances)
        notes.append(f"Published scores are of {wanted} utterances, so none stands here.")
    return LeaderboardSection(
        p.name,
        metric,
        tuple(rows),
        tuple(_best_first(published)),
        p.conversations,
        p.utterances,
        p.mapping,
        first.label_set.labels,
        p.left_out,
        tuple(notes),
    )


def _only_published(protocol: str, metric: str, scores: Iterable[PublishedScore]) -> LeaderboardSection:
    split = published_splits()[protocol]
    same = [score for score in scores if score.protocol == protocol and score.metric == metric]
    notes = (split.note,) if split.note else ()
    return LeaderboardSection(protocol, metric, (), tuple(_best_first(same)), 0, max(split.utterances), notes=notes)


def _names(members: Sequence[StoredResult]) -> list[str]:
    """A different name for each: where two would be called the same, their files are named."""
    names = [one.name for one in members]
    for number in range(1, 4):
        often = Counter(names)
        names = [
            f"{one.name} ({'/'.join(one.path.with_suffix('').parts[-number:])})" if often[name] > 1 else name
            for name, one in zip(names, members, strict=True)
        ]
    repeats = [names[: place + 1].count(name) for place, name in enumerate(names)]
    return [name if repeat == 1 else f"{name} #{repeat}" for name, repeat in zip(names, repeats, strict=True)]


def _is_published_split(protocol: str, utterances: int) -> bool:
    split = published_splits().get(protocol)
    return split is not None and utterances in split.utterances


def _family(corpus: str) -> str:
    return _FAMILY.get(corpus, corpus)


def _best_first(scores: Iterable[PublishedScore]) -> list[PublishedScore]:
    return sorted(scores, key=lambda score: (score.metric, -score.value))


def _place(section: LeaderboardSection) -> tuple[object, ...]:
    """Measured before published only; known corpora in their usual order; test before other splits."""
    corpus, _, split = section.protocol.partition("/")
    known = _ORDER.index(corpus) if corpus in _ORDER else len(_ORDER)
    main = section.rows[0].result.protocol.metric == section.metric if section.rows else True
    return not section.rows, known, corpus, split != "test", split, section.mapping, not main, section.metric
