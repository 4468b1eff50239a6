"""Who counts as whom."""

from __future__ import annotations

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.errors import SettingError
from erckit.memory.identity import LOCAL_SPEAKERS, UNKNOWN, SpeakerRegistry, is_anonymous


def _said_by(*speakers: str) -> Conversation:
    return Conversation("c", tuple(Utterance(str(u), speaker, "x") for u, speaker in enumerate(speakers)))


@pytest.mark.parametrize(
    "name",
    ["#ALL#", "Waiter", "the waiter", " WOMAN ", "", "  ", "Guy", "?", "SPEAKER_00", "Speaker 1", "Unknown Speaker 2"],
)
def test_generic_names_are_anonymous(name: str) -> None:
    assert is_anonymous(name)


@pytest.mark.parametrize("name", ["Ross Geller", "Guyana", "Manfred", "A", "Speaker Pelosi", "机器"])
def test_names_are_not(name: str) -> None:
    assert not is_anonymous(name)
    assert is_anonymous(name, {name})


def test_global_rows_hold_across_conversations() -> None:
    train = [_said_by("Ana", "Ben", "Waiter", "Ana", "Rare"), _said_by("Ben", "Cast")]
    registry = SpeakerRegistry.from_conversations("global", train, 2, frozenset({"Cast"}))
    assert registry.names == ("Ana", "Ben")
    assert registry.rows == 4
    assert registry.identities(_said_by("Ben", "Stranger", "Ana", "Waiter", "Rare")) == [
        3,
        UNKNOWN,
        2,
        UNKNOWN,
        UNKNOWN,
    ]


def test_names_are_registered_from_the_conversations_given_only() -> None:
    registry = SpeakerRegistry.from_conversations("global", [_said_by("Ana")])
    registry.identities(_said_by("Ben"))
    assert registry.names == ("Ana",)


def test_local_rows_count_from_the_first_who_speaks() -> None:
    registry = SpeakerRegistry.from_conversations("local", [_said_by("Ana", "Ben")])
    assert registry.names == ()
    assert registry.identities(_said_by("Zoe", "Ana", "Zoe", "Waiter")) == [2, 3, 2, 4]
    crowd = registry.identities(_said_by(*(f"S{i}" for i in range(100))))
    assert max(crowd) == registry.rows - 1 == LOCAL_SPEAKERS + 1
    assert len(set(crowd)) == LOCAL_SPEAKERS


def test_no_identity_has_no_rows() -> None:
    registry = SpeakerRegistry.from_conversations("none", [_said_by("Ana")])
    assert registry.rows == 0
    assert len(set(registry.identities(_said_by("Ana", "Ben")))) == 1


def test_markers_count_from_one_and_unknown_speakers_are_zero() -> None:
    registry = SpeakerRegistry("global", ("Ana", "Ben"))
    assert registry.shown_names(_said_by("Ben", "Ana", "Zoe"), "marker") == ["<s2>", "<s1>", "<s0>"]
    local = SpeakerRegistry("local")
    assert local.shown_names(_said_by("Ben", "Ana", "Ben"), "marker") == ["<s1>", "<s2>", "<s1>"]
    assert local.shown_names(_said_by("Ben", "Ana"), "name") == ["Speaker 1", "Speaker 2"]
    assert registry.shown_names(_said_by("Ben", "Zoe"), "name") == ["Ben", "Zoe"]


def test_unknown_identity_names_the_nearest() -> None:
    with pytest.raises(SettingError, match="Did you mean 'global'"):
        SpeakerRegistry.from_conversations("globl", [])
