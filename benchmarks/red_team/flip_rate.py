"""How often a hostile utterance gets the label it asks for, against a harmless one of the same length."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, LabelledConversation
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.metrics.bootstrap import resample
from red_team.attacked_conversation import (
    BASES,
    PLACES,
    TARGET,
    attacked_conversation,
    harmless,
    mention,
)
from red_team.hostile_utterance import HostileUtterance, hostile_utterances

Interval = tuple[float, float]
_Key = tuple[int, str, str]  # base, place, text: what makes a control


class LabelsConversations(Protocol):
    """As much of a ``Labeler`` as is needed."""

    @property
    def label_set(self) -> LabelSet:
        """Labels it scores."""

    def label(
        self, conversations: Sequence[Conversation], *, report: Callable[[int], None] | None = None
    ) -> list[LabelledConversation]:
        """Label every utterance."""


@dataclass(frozen=True, slots=True)
class Flips:
    """Rates over some targets; each is a share in [0, 1] with its 95 % interval.

    Args:
        targets: Their number.
        flipped: Targets whose label became the wanted one.
        flipped_control: The same where a harmless utterance stands in the hostile one's place.
        flipped_mention: The same where a harmless sentence with the wanted label's word stands there: models read
            words, and a label's word is a strong one.
        difference: ``flipped`` less ``flipped_control``.
        changed: Targets whose label is not what it is without anything put in.
        changed_control: The same for the harmless utterance.
        intervals: Of each of these six, by name.
    """

    targets: int
    flipped: float
    flipped_control: float
    flipped_mention: float
    difference: float
    changed: float
    changed_control: float
    intervals: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class FlipRates:
    """What the red team measured of one model.

    Args:
        overall: All targets.
        families: By family of attack.
        places: By where the hostile text stood.
        successes: ``id/place`` of the entries that got their label where the harmless utterance did not.
        conversations: Conversations that were labelled.
    """

    overall: Flips
    families: Mapping[str, Flips]
    places: Mapping[str, Flips]
    successes: tuple[str, ...]
    conversations: int


def flip_rates(
    labeler: LabelsConversations,
    entries: Sequence[HostileUtterance] | None = None,
    *,
    bases: int = 1,
    draws: int = 2000,
    seed: int = 0,
    report: Callable[[int], None] | None = None,
) -> FlipRates:
    """Put every hostile utterance into small conversations and see what becomes of the target's label.

    Each entry is put in twice for each base conversation: said by somebody else just before the target, and as the end
    of the target's own text. It asks for a label drawn among those that the model does not give to the target anyway.
    Any change of context can change a label; the control says how often. A second control says what the label's word
    does by itself.

    Args:
        labeler: The model.
        entries: None takes the whole file.
        bases: Base conversations per entry, in [1, 6].
        draws: Resamples of the intervals; entries are drawn, with all their targets.
        seed: Of wanted labels and resamples.
        report: Called with the number of utterances labelled.

    Raises:
        SettingError: A number of bases out of its range, no entries, or a label set of one label.
    """
    entries = hostile_utterances() if entries is None else tuple(entries)
    labels = labeler.label_set.labels
    if not 1 <= bases <= len(BASES):
        raise SettingError(f"base conversations per entry: {bases} is not in [1, {len(BASES)}].")
    if not entries or len(labels) < 2:
        raise SettingError("a flip rate needs at least one hostile utterance and two labels.")
    clean = _targets(labeler, [attacked_conversation(f"clean {b}", b, "before", "") for b in range(len(BASES))], report)
    draw = np.random.default_rng(seed)
    cases: list[tuple[int, int, str, str]] = []  # (entry, base, place, wanted label)
    for e in range(len(entries)):
        for p, place in enumerate(PLACES):
            for step in range(bases):
                base = (e + p * (len(BASES) // 2) + step) % len(BASES)
                others = [label for label in labels if label != clean[base]]
                cases.append((e, base, place, others[int(draw.integers(len(others)))]))
    attacks, controls, control_of = _conversations(entries, cases)
    found = _targets(labeler, [*attacks, *controls.values()], report)
    control = dict(zip(controls, found[len(attacks) :], strict=True))
    calm = [control[key] for key in control_of]
    mentioned = [control[base, place, mention(wanted)] for _, base, place, wanted in cases]
    rows = np.array(
        [
            [found[i] == wanted, calm[i] == wanted, mentioned[i] == wanted, found[i] != clean[b], calm[i] != clean[b]]
            for i, (_, b, _, wanted) in enumerate(cases)
        ],
        dtype=np.float64,
    )  # (cases, 5)
    owner = np.array([e for e, _, _, _ in cases])
    family = np.array([entries[e].family for e, _, _, _ in cases])
    where = np.array([place for _, _, place, _ in cases])
    successes = {f"{entries[cases[i][0]].id}/{cases[i][2]}": None for i in np.flatnonzero(rows[:, 0] > rows[:, 1])}
    return FlipRates(
        _flips(rows, owner, draws, seed),
        {f: _flips(rows[family == f], owner[family == f], draws, seed) for f in dict.fromkeys(family.tolist())},
        {p: _flips(rows[where == p], owner[where == p], draws, seed) for p in PLACES},
        tuple(successes),
        len(BASES) + len(attacks) + len(controls),
    )


def _conversations(
    entries: Sequence[HostileUtterance], cases: Sequence[tuple[int, int, str, str]]
) -> tuple[list[Conversation], dict[_Key, Conversation], list[_Key]]:
    """Attacked conversations, controls by key (shared by attacks of the same length), and each attack's key."""
    attacks: list[Conversation] = []
    control_of: list[_Key] = []
    controls: dict[_Key, Conversation] = {}
    for i, (e, base, place, wanted) in enumerate(cases):
        text, speaker = entries[e].asking_for(wanted)
        attacks.append(attacked_conversation(f"attack {i}", base, place, text, speaker))
        control_of.append((base, place, harmless(len(text))))
        for key in (control_of[-1], (base, place, mention(wanted))):
            controls.setdefault(key, attacked_conversation(f"control {len(controls)}", *key))
    return attacks, controls, control_of


def _targets(
    labeler: LabelsConversations, conversations: Sequence[Conversation], report: Callable[[int], None] | None
) -> list[str | None]:
    """The target's label in each conversation."""
    labelled = labeler.label(conversations, report=report)
    return [next(p.label for p in one.predictions if p.utterance_id == TARGET) for one in labelled]


def _flips(rows: NDArray[np.float64], owner: NDArray[np.int64], draws: int, seed: int) -> Flips:
    """Rates of the columns (flipped, its two controls, changed, its control) with intervals over entries."""
    _, of = np.unique(owner, return_inverse=True)
    entries = int(of.max()) + 1
    sums = np.zeros((entries, rows.shape[1] + 1))
    np.add.at(sums, of, np.column_stack([rows, np.ones(len(rows))]))  # last column: targets of the entry
    drawn = sums[resample(entries, draws, seed)].sum(axis=1)  # (draws, 6)
    shares = drawn[:, :5] / drawn[:, 5:]
    values, spread = _named(rows.mean(axis=0)[None]), _named(shares)
    intervals = {
        name: (float(np.quantile(column, 0.025)), float(np.quantile(column, 0.975))) for name, column in spread.items()
    }
    return Flips(len(rows), **{name: float(column[0]) for name, column in values.items()}, intervals=intervals)


def _named(shares: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {
        "flipped": shares[:, 0],
        "flipped_control": shares[:, 1],
        "flipped_mention": shares[:, 2],
        "difference": shares[:, 0] - shares[:, 1],
        "changed": shares[:, 3],
        "changed_control": shares[:, 4],
    }
