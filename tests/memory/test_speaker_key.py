"""Keys of speakers, and what may go into a filter."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.errors import SpeakerMemoryError
from erckit.memory.speaker_key import checked_key, checked_namespace, new_salt, speaker_key
from erckit.memory.store.utterance_table import namespace_filter, speakers_filter

SALT = bytes(range(32))


def test_it_is_hmac_sha256_of_namespace_and_name() -> None:
    wanted = hmac.new(SALT, "default\0Zoë".encode(), hashlib.sha256).hexdigest()[:32]
    assert speaker_key(SALT, "default", "Zoë") == speaker_key(SALT, "default", " Zoë\n") == wanted


def test_salts_are_new_each_time() -> None:
    assert len({new_salt() for _ in range(10)}) == 10


@given(st.text(), st.text())
def test_names_that_differ_have_keys_that_differ(one: str, other: str) -> None:
    assert (speaker_key(SALT, "n", one) == speaker_key(SALT, "n", other)) == (one.strip() == other.strip())
    assert speaker_key(SALT, "n", one) != speaker_key(SALT, "m", one)


@given(st.text(st.characters(codec=None)))
def test_a_filter_has_nothing_of_the_user(name: str) -> None:
    key = speaker_key(SALT, "n", name)
    assert speakers_filter([key, key]) == f"speaker_key IN ('{key}')"


@pytest.mark.parametrize("bad", ["", "x' OR '1'='1", "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n", "../" + "a" * 29])
def test_what_is_no_key_is_refused(bad: str) -> None:
    for use in (checked_key, lambda value: speakers_filter([value])):
        with pytest.raises(SpeakerMemoryError, match="not a speaker's key"):
            use(bad)


@given(st.text())
def test_a_namespace_cannot_leave_its_quotes(name: str) -> None:
    try:
        checked_namespace(name)
    except SpeakerMemoryError:
        with pytest.raises(SpeakerMemoryError):
            namespace_filter(name)
    else:
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
        assert 1 <= len(name) <= 64
