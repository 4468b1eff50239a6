"""What both stores promise, against lists and loops."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erckit.errors import SpeakerMemoryError
from erckit.memory.biography import Biography
from erckit.memory.remembered import Remembered
from erckit.memory.speaker_store import SpeakerStore
from erckit.memory.store.exact_store import ExactStore

Row = Callable[..., Remembered]


def _same(found: list[Remembered], wanted: list[Remembered]) -> None:
    assert found == wanted
    for one, other in zip(found, wanted, strict=True):
        assert (one.vector is None) == (other.vector is None)
        if one.vector is not None:
            np.testing.assert_array_equal(one.vector, other.vector)


def test_it_is_a_speaker_store(store: SpeakerStore) -> None:
    assert isinstance(store, SpeakerStore)
    assert store.stats().utterances == 0
    assert store.last(["Ana"], 3) == [[]]
    assert store.nearest("Ana", [1.0, 0.0], 3, "everyday") == []
    assert store.profile("Ana").utterances == 0
    assert store.forget("Ana") == 0
    assert list(store.export()) == []
    store.compact()
    assert store.append([]) == 0


def test_rows_come_back_as_they_went(store: SpeakerStore, row: Row) -> None:
    rows = [
        row("Ana", 1),
        row("Ana", 2, text=None, vector=None, scores={}, label=None, model=""),
        row("Ana", 3, text="", vector=np.ones(3), scores={"ü 'x\"": 1.0}, label="Ünï", model="a'; DROP"),
        row("Ana", 4, text="line\nline\0\u2028 🙂", time=1.7e9 + 0.125),
    ]
    assert store.append(rows) == 4
    (found,) = store.last(["Ana"], 10)
    _same(found, rows)
    assert found[0].vector is not None
    assert found[0].vector.dtype == np.float32


def test_last_is_the_latest_before_a_moment_of_a_model(store: SpeakerStore, row: Row) -> None:
    numbers = [7, 3, 9, 1, 5, 8]
    store.append([row("Ana", number, model="a" if number % 2 else "b") for number in numbers[:3]])
    store.append([row("Ana", number, model="a" if number % 2 else "b") for number in numbers[3:]])
    store.append([row("Ben", 6)])

    def ids(*arguments: object, **more: object) -> list[list[str]]:
        return [[one.utterance for one in rows] for rows in store.last(*arguments, **more)]  # type: ignore[arg-type]

    assert ids(["Ana"], 3) == [["u7", "u8", "u9"]]
    assert ids(["Ben", "Zoe", "Ana", "Ben"], 2) == [["u6"], [], ["u8", "u9"], ["u6"]]
    assert ids(["Ana"], 2, before=8.0) == [["u5", "u7"]]
    assert ids(["Ana"], 2, before=1.0) == [[]]
    assert ids(["Ana"], 9, model="b") == [["u8"]]
    assert ids(["Ana"], 2, before=9.0, model="a") == [["u5", "u7"]]
    assert ids(["Ana"], 0) == [[]]
    assert ids([], 3) == []


def test_of_one_time_the_later_appended_is_the_later(store: SpeakerStore, row: Row) -> None:
    store.append([row("Ana", 3, time=1.0), row("Ana", 1, time=1.0)])
    store.append([row("Ana", 2, time=1.0)])
    assert [one.utterance for one in store.last(["Ana"], 3)[0]] == ["u3", "u1", "u2"]
    store.compact()
    assert [one.utterance for one in store.last(["Ana"], 2)[0]] == ["u1", "u2"]


def test_names_are_stripped_and_nothing_more(store: SpeakerStore, row: Row) -> None:
    store.append([row(" Ana\t", 1), row("ana", 2), row("Ána", 3), row("\ud800odd", 4)])
    (found,) = store.last(["Ana "], 5)
    assert [(one.speaker, one.utterance) for one in found] == [("Ana ", "u1")]
    assert [one.utterance for one in store.last(["\ud800odd"], 5)[0]] == ["u4"]


def test_anonymous_speakers_leave_nothing(store: SpeakerStore, row: Row) -> None:
    assert store.append([row("Guy", 1), row("#ALL#", 2), row("  ", 3), row("Ana", 4)]) == 1
    assert store.append([row("Waiter", 5)]) == 0
    store.set_biography("Woman", Biography("A woman."))
    assert store.biography("Woman") is None
    assert store.last(["Guy", "#ALL#", ""], 5) == [[], [], []]
    assert store.stats().utterances == 1


def test_namespaces_keep_apart(store: SpeakerStore, row: Row) -> None:
    store.append([row("Ana", 1)], namespace="one")
    store.append([row("Ana", 2), row("Ben", 3)], namespace="two")
    store.set_biography("Ana", Biography("First."), namespace="one")
    assert [one.utterance for one in store.last(["Ana"], 5, namespace="one")[0]] == ["u1"]
    assert store.last(["Ana"], 5) == [[]]
    assert store.biography("Ana", namespace="two") is None
    (first,) = store.export(namespace="one")
    exported = {one.speaker for one in store.export(namespace="two")}
    assert len(exported) == 2
    assert first.speaker not in exported  # one name, two keys: nobody can tell that it is the same person
    assert store.forget("Ana", namespace="two") == 1
    assert store.stats().namespaces == {"one": 1, "two": 1}
    assert store.stats(namespace="one").biographies == 1
    assert store.stats(namespace="two").biographies == 0


@pytest.mark.parametrize("bad", ["", "a b", "a/b", "..", "x' OR '1'='1", "ä", "a" * 65, "a\0b", "a\n"])
def test_odd_namespaces_are_refused(store: SpeakerStore, row: Row, bad: str) -> None:
    for use in (
        lambda: store.append([row("Ana", 1)], namespace=bad),
        lambda: store.append([], namespace=bad),
        lambda: store.last(["Ana"], 1, namespace=bad),
        lambda: store.known(["c"], namespace=bad),
        lambda: store.known([], namespace=bad),
        lambda: store.nearest("Ana", [1.0], 1, "m", namespace=bad),
        lambda: store.profile("Ana", namespace=bad),
        lambda: store.biography("Ana", namespace=bad),
        lambda: store.set_biography("Ana", Biography("x"), namespace=bad),
        lambda: store.forget("Ana", namespace=bad),
        lambda: list(store.export(namespace=bad)),
        lambda: list(store.export_biographies(namespace=bad)),
        lambda: store.stats(namespace=bad),
    ):
        with pytest.raises(SpeakerMemoryError, match="cannot be a namespace"):
            use()


@pytest.mark.parametrize("name", ["zz' OR '1'='1", "x') OR speaker_key <> ('", "Ana'; --", "%", "*", "a" * 32])
def test_no_name_finds_somebody_else(store: SpeakerStore, row: Row, name: str) -> None:
    store.append([row("Ana", 1), row("Ben", 2)])
    assert store.last([name], 5, model="x' OR '1'='1") == [[]]
    assert store.last([name], 5) == [[]]
    assert store.profile(name).utterances == 0
    assert store.forget(name) == 0
    assert store.stats().utterances == 2
    key = next(iter(store.export())).speaker
    assert store.last([key], 5) == [[]]  # nor does the hash, taken for a name


def test_known_tells_what_is_kept_of_conversations(store: SpeakerStore, row: Row) -> None:
    assert store.known([]) == {}
    assert store.known(["c0"]) == {"c0": {}}
    store.append([row("Ana", 1), row("Ben", 2, time=7.5), row("Ana", 6), row("Guy", 3)])
    store.append([row("Ana", 1, time=3.0, model="other"), row("Ana", 4)])
    store.append([row("Ana", 1)], namespace="two")
    assert store.known(["c1", "c0", "c' OR '1'='1"]) == {
        "c1": {"u6": 6.0},
        "c0": {"u1": 3.0, "u2": 7.5, "u4": 4.0},
        "c' OR '1'='1": {},
    }
    assert store.known(["c0"], "everyday") == {"c0": {"u1": 1.0, "u2": 7.5, "u4": 4.0}}
    assert store.known(["c0", "c0"], "none") == {"c0": {}}
    assert store.known(["c0"], namespace="two") == {"c0": {"u1": 1.0}}
    store.forget("Ana")
    assert store.known(["c0", "c1"]) == {"c0": {"u2": 7.5}, "c1": {}}
    many = [f"x{number}" for number in range(1200)]
    store.append([Remembered("Cem", many[-1], "u", 1.0)])
    assert {name for name, kept in store.known(many).items() if kept} == {"x1199"}


def test_nearest_is_the_highest_cosine(store: SpeakerStore, row: Row) -> None:
    rows = [row("Ana", number) for number in range(20)]
    others = [
        row("Ana", 20, vector=np.full(4, 9.0)),
        row("Ana", 21, vector=None),
        row("Ana", 22, vector=np.zeros(8)),
        row("Ana", 23, model="other"),
        row("Ben", 24),
    ]
    store.append(rows + others)
    wanted = np.random.default_rng(99).standard_normal(8)

    def cosine(one: Remembered) -> float:
        assert one.vector is not None
        dot = sum(float(a) * float(b) for a, b in zip(one.vector, wanted, strict=True))
        return dot / math.sqrt(sum(float(a) ** 2 for a in one.vector)) / math.sqrt(sum(float(b) ** 2 for b in wanted))

    found = store.nearest("Ana", wanted, 6, "everyday")
    assert [one for one, _ in found] == sorted(rows, key=cosine, reverse=True)[:6]
    assert [value for _, value in found] == pytest.approx([cosine(one) for one, _ in found], abs=1e-5)
    assert len(store.nearest("Ana", wanted, 100, "everyday")) == 20
    assert store.nearest("Ana", wanted, 0, "everyday") == []
    assert store.nearest("Ana", wanted[:5], 3, "everyday") == []
    with pytest.raises(SpeakerMemoryError, match="no direction"):
        store.nearest("Ana", np.zeros(8), 3, "everyday")


def test_profile_sums_up_what_one_model_saw(store: SpeakerStore, row: Row) -> None:
    rows = [row("Ana", number) for number in range(12)]
    store.append(rows)
    store.append([row("Ana", 30, model="other", scores={"X": 1.0}), row("Ben", 2)])
    profile = store.profile("Ana", "everyday")
    assert (profile.speaker, profile.model, profile.utterances, profile.conversations) == ("Ana", "everyday", 12, 3)
    assert (profile.first_time, profile.last_time) == (0.0, 11.0)
    for label in ("Joyful", "Mad", "Neutral"):
        assert profile.mean_scores[label] == pytest.approx(sum(one.scores[label] for one in rows) / 12)
    assert list(profile.mean_scores.values()) == sorted(profile.mean_scores.values(), reverse=True)
    tops = Counter(max(one.scores, key=one.scores.__getitem__) for one in rows)
    assert profile.label_counts == dict(tops)
    assert profile.gold_counts == dict(Counter(one.label for one in rows if one.label))
    assert profile.models == {"everyday": 12, "other": 1}
    assert store.profile("Ana").model == "other"
    assert store.profile("Ana", "none").utterances == 0


def test_biographies_are_put_got_and_replaced(store: SpeakerStore) -> None:
    first = Biography("Warm. Größe 🙂 \ud800", "abc", "smollm2", 12.5)
    store.set_biography("Ana", first)
    assert store.biography(" Ana") == first
    assert store.biography("Ben") is None
    second = replace(first, text="Colder.")
    store.set_biography("Ana", second)
    assert store.biography("Ana") == second
    ((key, found),) = store.export_biographies()
    assert (found, len(key)) == (second, 32)
    assert store.stats().biographies == 1
    assert store.forget("Ana") == 0
    assert store.biography("Ana") is None
    assert list(store.export_biographies()) == []


def test_forget_takes_one_speaker_and_no_other(store: SpeakerStore, row: Row) -> None:
    for number in range(6):
        store.append([row("Ana", number), row("Ben", number)])
    store.set_biography("Ben", Biography("Stays."))
    assert store.forget("Ana ") == 6
    assert store.last(["Ana"], 9) == [[]]
    assert store.forget("Ana") == 0
    _same(store.last(["Ben"], 9)[0], [row("Ben", number) for number in range(6)])
    assert store.biography("Ben") == Biography("Stays.")
    store.append([row("Ana", 9)])
    _same(store.last(["Ana"], 9)[0], [row("Ana", 9)])


def test_export_has_everything_in_the_order_of_time(store: SpeakerStore, row: Row) -> None:
    rows = [row(f"S{number % 3}", number, time=float(number * 7 % 40)) for number in range(40)]
    for start in range(0, 40, 10):
        store.append(rows[start : start + 10])
    found = list(store.export())
    assert len({one.speaker for one in found}) == 3
    assert all(len(one.speaker) == 32 for one in found)
    _same([replace(one, speaker="") for one in found], [replace(one, speaker="") for one in sorted(rows, key=_time)])


def _time(one: Remembered) -> float:
    return one.time


def test_stats_count(store: SpeakerStore, row: Row) -> None:
    store.append([row("Ana", 1), row("Ben", 2), row("Ben", 7, model="other")])
    store.append([row("Ana", 1)], namespace="two")
    store.set_biography("Ana", Biography("x"))
    stats = store.stats()
    assert (stats.utterances, stats.speakers, stats.conversations, stats.biographies) == (4, 3, 3, 1)
    assert (stats.first_time, stats.last_time) == (1.0, 7.0)
    assert stats.models == {"everyday": 3, "other": 1}
    assert stats.namespaces == {"default": 3, "two": 1}
    assert stats.keeps_text is True
    one = store.stats(namespace="two")
    assert (one.utterances, one.speakers, one.biographies, one.namespaces) == (1, 1, 0, stats.namespaces)


def test_a_store_without_text_keeps_none(make_store: Callable[..., SpeakerStore], row: Row) -> None:
    store = make_store(keeps_text=False)
    store.append([row("Ana", 1)])
    store.set_biography("Ana", Biography("Warm."))
    ((found,),) = store.last(["Ana"], 1)
    assert found == replace(row("Ana", 1), text=None)
    assert store.biography("Ana") is None
    assert not store.keeps_text
    assert not store.stats().keeps_text


def test_a_vector_changed_afterwards_stays_as_it_was(store: SpeakerStore, row: Row) -> None:
    vector = np.ones(8, dtype=np.float32)
    store.append([row("Ana", 1, vector=vector)])
    vector[:] = 0
    found = store.last(["Ana"], 1)[0][0].vector
    assert found is not None
    assert found.tolist() == [1.0] * 8


_ROWS = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(0, 6), st.sampled_from(["m", "n"]), st.text(max_size=5)), max_size=12
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(_ROWS, max_size=4), n=st.integers(0, 5), before=st.none() | st.integers(0, 7))
def test_any_rows_against_a_plain_list(
    make_store: Callable[..., SpeakerStore],
    batches: list[list[tuple[str, int, str, str]]],
    n: int,
    before: int | None,
) -> None:
    store = make_store()
    said: list[Remembered] = []
    for batch in batches:
        rows = [Remembered(speaker, "c", "u", float(time), text, None, model) for speaker, time, model, text in batch]
        store.append(rows)
        said += rows
    for model in (None, "m"):
        for speaker, found in zip("ABC", store.last(list("ABC"), n, before, model), strict=True):
            own = [one for one in said if one.speaker == speaker and model in (None, one.model)]
            own = sorted((one for one in own if before is None or one.time < before), key=_time)
            assert found == (own[-n:] if n else [])


def test_threads_lose_nothing(store: SpeakerStore, row: Row) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def work(thread: int) -> None:
        for number in range(5):
            store.append([row(f"S{thread}", number)])
            assert len(store.last([f"S{thread}"], 10)[0]) == number + 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert store.stats().utterances == 20


def test_the_hash_of_a_name_differs_from_store_to_store(make_store: Callable[..., SpeakerStore], row: Row) -> None:
    keys = set()
    for _ in range(2):
        store = make_store()
        store.append([row("Ana", 1)])
        keys |= {one.speaker for one in store.export()}
    assert len(keys) == 2


def test_exact_store_is_the_default_in_process() -> None:
    assert ExactStore().keeps_text
