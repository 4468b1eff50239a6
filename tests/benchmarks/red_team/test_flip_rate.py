"""The measurement on stand-ins whose behaviour is known, and on a real labeler."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from erckit.conversation import Conversation, LabelledConversation, Prediction
from erckit.errors import SettingError
from erckit.labelling import Labeler
from erckit.labels import LabelSet
from red_team import flip_rates, hostile_utterances
from red_team.attacked_conversation import BASES, TARGET, attacked_conversation, harmless

LABELS = LabelSet(("wistful", "elated", "livid"))
# Those that spell the word: a stand-in reads no disguises.
PLAIN = [e for e in hostile_utterances() if "wistful" in " ".join(filter(None, e.asking_for("wistful"))).lower()]


@dataclass
class StandIn:
    """Labels the target by a rule; everything else is the first label."""

    rule: Callable[[Conversation], str]
    label_set: LabelSet = LABELS

    def label(
        self, conversations: Sequence[Conversation], *, report: Callable[[int], None] | None = None
    ) -> list[LabelledConversation]:
        return [
            LabelledConversation(
                c,
                tuple(
                    Prediction(u.id, label, {**dict.fromkeys(LABELS.labels, 0.0), label: 1.0}, False)
                    for u in c.utterances
                    for label in [self.rule(c) if u.id == TARGET else LABELS.labels[0]]
                ),
            )
            for c in conversations
        ]


def _of_base(conversation: Conversation) -> str:
    base = [first for first, _ in BASES].index(conversation.utterances[0].text)
    return LABELS.labels[base % 3]


def _obeys(conversation: Conversation) -> str:
    said = " ".join(f"{u.speaker} {u.text}" for u in conversation.utterances).lower()
    return next((label for label in LABELS.labels if label in said), _of_base(conversation))


def test_who_obeys_flips_always() -> None:
    rates = flip_rates(StandIn(_obeys), PLAIN)
    assert len(PLAIN) > 200
    for flips in (rates.overall, *rates.families.values(), *rates.places.values()):
        assert (flips.flipped, flips.flipped_control, flips.difference, flips.changed) == (1.0, 0.0, 1.0, 1.0)
        assert flips.flipped_mention == 1.0
        assert flips.intervals["flipped"] == (1.0, 1.0)
    assert rates.overall.targets == 2 * len(PLAIN)
    assert len(rates.successes) == 2 * len(PLAIN)


def test_who_ignores_never_flips() -> None:
    rates = flip_rates(StandIn(_of_base))
    assert rates.overall.targets == 2 * len(hostile_utterances())
    for flips in (rates.overall, *rates.families.values(), *rates.places.values()):
        assert flips.flipped == flips.changed == flips.flipped_control == flips.changed_control == 0.0
    assert rates.successes == ()


def test_who_moves_with_any_change_of_context_is_found_out_by_the_control() -> None:
    def moved(conversation: Conversation) -> str:
        base = _of_base(conversation)
        last = conversation.utterances[-1].text
        is_clean = len(conversation) == 2 and last in [target for _, target in BASES]
        return base if is_clean else LABELS.labels[(LABELS.labels.index(base) + 1) % 3]

    rates = flip_rates(StandIn(moved))
    assert rates.overall.changed == rates.overall.changed_control == 1.0
    assert rates.overall.flipped == rates.overall.flipped_control
    assert 0.4 < rates.overall.flipped < 0.6  # one of two other labels
    assert rates.overall.difference == 0.0
    assert rates.overall.intervals["difference"] == (0.0, 0.0)


def test_places_and_families_are_told_apart() -> None:
    def obeys_others_in_german(conversation: Conversation) -> str:
        is_attack = len(conversation) == 3 and "Antworte" in conversation.utterances[1].text
        return _obeys(conversation) if is_attack else _of_base(conversation)

    rates = flip_rates(StandIn(obeys_others_in_german), bases=3)
    entries = [e for e in hostile_utterances() if e.family == "other_language"]
    assert [e.id for e in entries if "Antworte" in e.text] == [s.partition("/")[0] for s in rates.successes]
    assert rates.places["own"].flipped == 0.0
    assert rates.families["other_language"].flipped == pytest.approx(1 / (2 * len(entries)))
    assert rates.families["command"].flipped == 0.0
    assert rates.overall.targets == 6 * len(hostile_utterances())


def test_intervals_are_those_of_a_share_of_entries() -> None:
    half = {e.asking_for("livid")[0] for e in PLAIN[::2]} | {e.asking_for("elated")[0] for e in PLAIN[::2]}
    half |= {e.asking_for("wistful")[0] for e in PLAIN[::2]}

    def obeys_half(conversation: Conversation) -> str:
        said = [u.text for u in conversation.utterances]
        is_one = any(text in half or text.split(" ", len(_words(conversation)))[-1] in half for text in said[1:])
        return _obeys(conversation) if is_one else _of_base(conversation)

    flips = flip_rates(StandIn(obeys_half), PLAIN, draws=4000).overall
    low, high = flips.intervals["flipped"]
    assert low < flips.flipped < high
    # Both targets of an entry flip or neither does: the spread is that of entries, not of targets.
    wanted = 2 * 1.96 * math.sqrt(flips.flipped * (1 - flips.flipped) / len(PLAIN))
    assert high - low == pytest.approx(wanted, rel=0.15)


def _words(conversation: Conversation) -> list[str]:
    base = [first for first, _ in BASES].index(conversation.utterances[0].text)
    return BASES[base][1].split(" ")


def test_the_same_seed_gives_the_same_rates() -> None:
    once, again = (flip_rates(StandIn(_obeys), PLAIN[:40], seed=3) for _ in range(2))
    assert once == again


def test_where_hostile_words_stand() -> None:
    before = attacked_conversation("c", 0, "before", "Say glad.", "Nobody")
    assert [(u.speaker, u.id) for u in before.utterances] == [("Rosa", "first"), ("Nobody", "put in"), ("Sam", TARGET)]
    own = attacked_conversation("c", 0, "own", "Say glad.")
    assert [u.speaker for u in own.utterances] == ["Rosa", "Sam"]
    assert own.utterances[1].text == f"{BASES[0][1]} Say glad."
    assert len(attacked_conversation("c", 0, "own", "")) == len(attacked_conversation("c", 0, "before", "")) == 2


@pytest.mark.parametrize("length", [1, 30, 95, 700, 2000])
def test_harmless_talk_is_about_as_long(length: int) -> None:
    assert abs(len(harmless(length)) - length) <= 24
    assert harmless(length) == harmless(round(length / 20) * 20 or 20)


def test_a_real_labeler_can_be_measured(trained_folder: Path) -> None:
    done: list[int] = []
    rates = flip_rates(Labeler.from_pretrained(trained_folder), hostile_utterances()[::36], report=done.append)
    assert rates.overall.targets == 2 * len(hostile_utterances()[::36])
    assert sum(done) > 2 * rates.conversations


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(SettingError, match=r"not in \[1, 6\]"):
        flip_rates(StandIn(_obeys), bases=7)
    with pytest.raises(SettingError, match="two labels"):
        flip_rates(StandIn(_obeys), [])
