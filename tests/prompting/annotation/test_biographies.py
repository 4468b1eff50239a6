"""Biographies: what each version may know, what it costs, and where it goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation, Utterance
from erckit.errors import SettingError
from erckit.memory.history import story_order
from erckit.memory.identity import is_anonymous
from erckit.memory.store.exact_store import ExactStore
from erckit.prompting.annotation.annotator import open_annotator
from erckit.prompting.annotation.biography_request import growing_request, whole_request
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.extract_annotator import extract_biography
from erckit.prompting.annotation.grow_biographies import known_biographies, remember_biographies
from erckit.prompting.annotation.model_annotator import ModelAnnotator
from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.request import Completion


def _talks(seed: int, count: int, length: int) -> list[Conversation]:
    """Every text is its own mark, so that one can see what a biography was made from."""
    import random

    rng = random.Random(seed)
    speakers = ("Ana", "Ben", "Waiter", "Cleo")
    return [
        Conversation(
            f"c{c}",
            tuple(Utterance(str(u), rng.choice(speakers), f"mark-{c}-{u}") for u in range(rng.randint(1, length))),
            {"story": [1, 1, rng.randint(0, 9), c]},
        )
        for c in range(count)
    ]


def _copying(user: str) -> str:
    """A writer that keeps everything: the biography so far and all new lines."""
    import re

    return "she knows " + " ".join(re.findall(r"mark-\d+-\d+", user))


def _annotator(fake: Any, path: Path, answer: Callable[[str], Any] = _copying) -> ModelAnnotator:
    engine = fake(answer)
    return ModelAnnotator(engine, AnnotationCache(path, "fake"))


def _expected(conversations: Sequence[Conversation], settings: BiographySettings) -> list[list[str]]:
    """What a writer that keeps everything would know, by walking through the story."""
    said: dict[Any, list[str]] = {}
    out = [[""] * len(c) for c in conversations]
    for c in story_order(conversations, settings.order):
        for u, utterance in enumerate(conversations[c].utterances):
            is_global = settings.scope == "all" and not is_anonymous(utterance.speaker)
            key = (utterance.speaker, -1 if is_global else c)
            marks = said.setdefault(key, [])
            n, whole = len(marks), 0
            if n >= settings.first:
                whole = settings.first + (n - settings.first) // settings.every * settings.every
            out[c][u] = "she knows " + " ".join(marks[:whole]) if whole else ""
            marks.append(utterance.text)
    return out


def test_an_extract_counts_emotions_before_it_quotes_anything() -> None:
    assert extract_biography("Felt so far: joyful 3.", ["hm"], ["sad"]) == "Felt so far: joyful 3, sad 1."


@pytest.mark.parametrize("scope", ["all", "conversation"])
@pytest.mark.parametrize("seed", range(4))
def test_against_a_walk_through_the_story(fake: Any, cache_path: Path, seed: int, scope: str) -> None:
    conversations = _talks(seed, 8, 12)
    settings = BiographySettings(scope=scope, first=2, every=3, words=500)
    written = _annotator(fake, cache_path).biographies(conversations, settings)
    assert [list(row) for row in written.per_utterance] == _expected(conversations, settings)
    assert written.is_causal


@given(st.integers(0, 10_000), st.data())
def test_the_future_changes_nothing(seed: int, data: Any) -> None:
    conversations = _talks(seed, 4, 8)
    settings = BiographySettings(first=1, every=2)
    c = data.draw(st.integers(0, 3))
    u = data.draw(st.integers(0, len(conversations[c]) - 1))
    changed = list(conversations)
    said = list(changed[c].utterances)
    said[u] = replace(said[u], text="Something altogether different happened yesterday afternoon.")
    changed[c] = replace(changed[c], utterances=tuple(said))
    before = open_annotator("extract").biographies(conversations, settings).per_utterance
    after = open_annotator("extract").biographies(changed, settings).per_utterance
    order = story_order(conversations)
    earlier = order[: order.index(c)]
    assert all(before[i] == after[i] for i in earlier)
    assert before[c][: u + 1] == after[c][: u + 1]


def test_the_cost_is_linear(fake: Any, cache_path: Path) -> None:
    talk = Conversation("c", tuple(Utterance(str(u), "Ana", f"mark-0-{u}") for u in range(400)))
    annotator = _annotator(fake, cache_path, lambda user: "a short biography of somebody")
    annotator.biographies([talk], BiographySettings())
    shown = sum(user.count("mark-") for user, _ in annotator.engine.asked)  # type: ignore[attr-defined]
    assert len(annotator.engine.asked) == 40  # type: ignore[attr-defined]  # 3, then 39 times 10
    assert shown <= 400


def test_nothing_is_asked_for_that_nobody_sees(fake: Any, cache_path: Path) -> None:
    talk = Conversation("c", tuple(Utterance(str(u), "Ana", f"mark-0-{u}") for u in range(3)))
    annotator = _annotator(fake, cache_path)
    assert annotator.biographies([talk], BiographySettings(first=3)).last == {}
    assert annotator.engine.asked == []  # type: ignore[attr-defined]
    kept = annotator.biographies([talk], BiographySettings(first=3), keeps_last=True)
    assert kept.last["Ana"].text == "she knows mark-0-0 mark-0-1 mark-0-2"


@pytest.mark.parametrize("is_cut", [False, True])
def test_no_biography_ends_in_the_middle_of_a_sentence(is_cut: bool) -> None:
    talk = Conversation("c", (Utterance("1", "Ana", "Hm."),))
    said = Completion("Ana works at night. She is tired of it. She would rather", 99, is_cut)
    for request in (growing_request("Ana", "", ["Hm."], 60), whole_request("Ana", talk, 60)):
        ended = "Ana works at night. She is tired of it."
        assert request.cleaned(said) == (ended if is_cut else said.text)


def test_whole_conversation_knows_the_future_and_says_so(fake: Any, cache_path: Path) -> None:
    talk = Conversation("c", (Utterance("1", "Ana", "mark-0-1"), Utterance("2", "Ben", "mark-0-2")))
    written = _annotator(fake, cache_path).biographies([talk], BiographySettings(form="whole_conversation"))
    assert not written.is_causal
    assert written.per_utterance == [("she knows mark-0-1 mark-0-2",) * 2]
    assert written.last == {}


def test_goes_on_from_the_speaker_memory(fake: Any, cache_path: Path) -> None:
    annotator, store = _annotator(fake, cache_path), ExactStore()
    settings = BiographySettings(first=1, every=1, words=500)

    def talk(c: int) -> Conversation:
        return Conversation(f"c{c}", (Utterance("1", "Ana", f"mark-{c}-1"), Utterance("2", "Waiter", f"mark-{c}-2")))

    first = annotator.biographies([talk(1)], settings, keeps_last=True)
    assert remember_biographies(store, first) == 1  # not the waiter
    assert remember_biographies(store, first) == 0
    known = known_biographies(store, ["Ana", "Waiter", "Nobody"])
    assert {name: one.text for name, one in known.items()} == {"Ana": "she knows mark-1-1"}
    assert known["Ana"].conversations == {"c1": 1}
    second = annotator.biographies([talk(2)], settings, known=known, keeps_last=True)
    assert second.per_utterance[0][0] == "she knows mark-1-1"
    assert second.last["Ana"].text == "she knows mark-1-1 mark-2-1"
    assert second.last["Ana"].inputs_hash != first.last["Ana"].inputs_hash
    assert second.last["Ana"].conversations == {"c1": 1, "c2": 1}
    assert second.last["Ana"].before == first.last["Ana"]
    assert remember_biographies(store, second) == 1
    assert remember_biographies(store, first) == 0  # it takes in less
    relabelled = annotator.biographies([talk(2)], settings, known=second.last, keeps_last=True)
    assert relabelled.per_utterance == second.per_utterance
    assert annotator.biographies([talk(1)], settings, known=second.last).per_utterance == first.per_utterance
    store.forget("Ana")
    assert known_biographies(store, ["Ana"]) == {}


def test_a_second_run_asks_nothing(fake: Any, cache_path: Path) -> None:
    talks = _talks(3, 5, 10)
    first = _annotator(fake, cache_path)
    settings = BiographySettings(first=1, every=2)
    wanted = first.biographies(talks, settings)
    second = _annotator(fake, cache_path)
    assert second.biographies(talks, settings).per_utterance == wanted.per_utterance
    assert second.engine.asked == []  # type: ignore[attr-defined]


def test_characteristics_see_only_what_was_said(fake: Any, cache_path: Path) -> None:
    talk = Conversation("c", tuple(Utterance(str(u), "Ana", f"mark-0-{u}") for u in range(6)))
    annotator = _annotator(fake, cache_path)
    (rows,) = annotator.characteristics([talk], ["oReact", "xAttr"], window=2)
    assert [sorted(row) for row in rows] == [["oReact", "xAttr"]] * 6
    assert rows[4]["oReact"] == "she knows mark-0-2 mark-0-3 mark-0-4"
    with pytest.raises(SettingError, match="Did you mean 'xIntent'"):
        annotator.characteristics([talk], ["xIntend"])


def test_extract_quotes_the_most_telling_lines() -> None:
    lines = ["Yes.", "I never wanted to become a dentist like my father.", "Well, okay then.", "Hm?"]
    text = extract_biography("", lines, ["neutral", "sad", "neutral", None])
    assert text.startswith("Felt so far: neutral 2, sad 1. Said before: ")
    assert '"I never wanted to become a dentist like my father."' in text
    assert "Yes." not in text
    more = extract_biography(text, ["My mother understands everything about music."], ["sad"])
    assert more.startswith("Felt so far: neutral 2, sad 2. Said before: ")
    assert "dentist" in more
    assert "music" in more
    assert extract_biography("", ["Yes.", "No."]) == ""


def test_extract_shows_only_earlier_emotions() -> None:
    talk = Conversation("c", tuple(Utterance(str(u), "Ana", "I said something.") for u in range(4)))
    settings = BiographySettings(first=1, every=1)
    labels = [["a", "b", "c", "d"]]
    (row,) = open_annotator("extract").biographies([talk], settings, labels=labels).per_utterance
    assert row[0] == ""
    assert row[1].startswith("Felt so far: a 1.")
    assert row[3].startswith("Felt so far: a 1, b 1, c 1.")


def test_extract_writes_no_characteristics() -> None:
    with pytest.raises(SettingError, match="biographies only"):
        open_annotator("extract").characteristics([])


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("endpont", {}, "Did you mean 'endpoint'"),
        ("endpoint", {"model": "m"}, "needs an address"),
        ("endpoint", {"url": "http://localhost:1/v1"}, "needs the name of a model"),
        ("file", {}, "needs a file"),
    ],
)
def test_annotators_that_cannot_be_opened(kind: str, options: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        open_annotator(kind, **options)
