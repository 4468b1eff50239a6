"""The lines and pairs have the form that their README gives, and the bundled model is no worse on the first half."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from behaviour import HALVES, LABELS, follows_emotion, measure, read_half
from erckit.backbones.get_backbone import is_present
from erckit.conversation import Conversation, Utterance
from erckit.labelling import Labeler

FOLDER = Path(__file__).parent
CONVERSATIONS = {half: read_half(half)[0] for half in HALVES}
PAIRS = {half: read_half(half)[1] for half in HALVES}
ALL = [*CONVERSATIONS["dev"], *CONVERSATIONS["test"]]
LINES = {half: [u for c in CONVERSATIONS[half] for u in c.utterances if u.label] for half in HALVES}
KINDS = ("names", "typo", "case", "punctuation", "emoji in words", "context")
NO_FORM = r""
# What the text of a line with a tag must hold, as far as a pattern can tell.
TAGS = {
    "negation": r"(?i)n't\b|\b(no|not|never|without)\b",
    "sarcasm": NO_FORM,
    "thanks": r"(?i)\bthank",
    "apology": r"(?i)\b(sorry|apolog)",
    "question": r"\?",
    "emoji only": r"^[^\x00-\xff]+$",
    "emoticon": r"[:=][-']?[()DO\[oc3]|D:|<3",
    "slang": NO_FORM,
    "caps": r"\b[A-Z]{3}",
    "carry-over": NO_FORM,
    "contagion": NO_FORM,
    "report": NO_FORM,
    "news": NO_FORM,
    "keyword trap": NO_FORM,
    "idiom": NO_FORM,
    "swearing for joy": r"(?i)shit|fuck|damn|bloody|crap",
    "short reply": r"^\S+(\s\S+){0,4}$",
    "plain": NO_FORM,
}
ONE_LABEL = {
    "contagion": "neutral", "report": "neutral", "keyword trap": "neutral", "swearing for joy": "joy",
}  # fmt: skip
EMOJI = re.compile(r"[\u2600-\u27bf\U0001f300-\U0001faff]")
# A little below what everyday reaches on the first half, in fp32, so that it fails when the model gets worse. What it
# finds hardly ever (disgust, surprise, emoji alone, news, reports, sarcasm) has no floor yet.
FLOORS = {
    "accuracy": 0.54,
    "macro_f1": 0.38,
    "plain_replies_neutral": 41,
    "pairs_unchanged": 64,
    "pairs_right": 59,
    "labels": {"anger": 5, "fear": 4, "joy": 22, "neutral": 79, "sadness": 11},
    "tags": {
        "carry-over": 7, "contagion": 35, "negation": 6, "plain": 23, "question": 9, "short reply": 12, "slang": 7,
    },
    "pairs": {"names": 12, "typo": 11, "case": 12, "punctuation": 11, "emoji in words": 5, "context": 9},
}  # fmt: skip


def test_ids_and_halves() -> None:
    assert [c.id for c in ALL] == [f"c{i:02d}" for i in range(1, len(ALL) + 1)]
    assert CONVERSATIONS["dev"][-1].id == "c35"
    pairs = [*PAIRS["dev"], *PAIRS["test"]]
    assert [pair["id"] for pair in pairs] == [f"p{i:03d}" for i in range(1, 151)]
    assert len(PAIRS["dev"]) == 75


def test_conversations() -> None:
    rows = (FOLDER / "lines.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == len(ALL)  # none was skipped by the reader
    for conversation in ALL:
        assert 2 <= len(conversation) <= 8
        assert [u.id for u in conversation.utterances] == [str(i) for i in range(1, len(conversation) + 1)]
        for line in conversation.utterances:
            assert set(line.extra) == ({"tag"} if line.label else set()), line


def test_no_line_stands_twice() -> None:
    texts = Counter(u.text.casefold() for c in ALL for u in c.utterances)
    texts.update(pair["a"][-1][1].casefold() for half in HALVES for pair in PAIRS[half])
    assert [text for text, count in texts.items() if count > 1] == []


def test_numbers() -> None:
    every = [*LINES["dev"], *LINES["test"]]
    assert len(every) >= 500
    labels = Counter(line.label for line in every)
    assert set(labels) == set(LABELS.labels)
    assert min(labels[label] for label in LABELS.labels if label != "disgust") >= 35
    assert labels["disgust"] >= 25
    assert 0.4 <= labels["neutral"] / len(every) <= 0.5
    tags = Counter(line.extra["tag"] for line in every)
    assert set(tags) == set(TAGS)
    assert min(tags.values()) >= 15
    for half in HALVES:  # neither half lacks anything
        assert min(Counter(line.extra["tag"] for line in LINES[half]).values()) >= 7
        assert min(Counter(line.label for line in LINES[half]).values()) >= 14


@pytest.mark.parametrize("tag", TAGS)
def test_lines_are_what_their_tag_says(tag: str) -> None:
    for line in (u for half in HALVES for u in LINES[half] if u.extra["tag"] == tag):
        assert re.search(TAGS[tag], line.text), line
        assert line.label == ONE_LABEL.get(tag, line.label), line


def _lines_of(tag: str) -> list[tuple[Conversation, int, Utterance]]:
    return [(c, i, u) for c in ALL for i, u in enumerate(c.utterances) if u.extra.get("tag") == tag]


def test_contagion_follows_another_persons_emotion() -> None:
    assert [line for c, i, line in _lines_of("contagion") if not follows_emotion(c, i)] == []


def test_carry_over_goes_on_with_the_same_persons_emotion() -> None:
    for conversation, place, line in _lines_of("carry-over"):
        before = [u.label for u in conversation.utterances[:place] if u.speaker == line.speaker]
        assert line.label != "neutral"
        assert before[-1] == line.label, line


@pytest.mark.parametrize("half", HALVES)
def test_pairs(half: str) -> None:
    kinds = Counter(pair["kind"] for pair in PAIRS[half])
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 12
    labels = Counter(pair["label"] for pair in PAIRS[half])
    assert set(labels) == set(LABELS.labels)
    assert min(labels.values()) >= 5
    for pair in PAIRS[half]:
        assert set(pair) == {"id", "kind", "label", "a", "b"}
        assert _differs_as_it_says(pair), pair


def _differs_as_it_says(pair: dict[str, Any]) -> bool:
    (*before, (speaker, a)), (*others, (other, b)) = pair["a"], pair["b"]
    if pair["kind"] == "context":
        return len(pair["b"]) > len(pair["a"]) and pair["b"][-len(pair["a"]) :] == pair["a"]
    if pair["kind"] == "names":
        return len(before) == len(others) and pair["a"] != pair["b"]
    if before != others or speaker != other or a == b:
        return False
    if pair["kind"] == "case":
        return bool(b[0].islower() and a == b[0].upper() + b[1:])
    if pair["kind"] == "punctuation":
        return re.findall(r"\w+", a.casefold()) == re.findall(r"\w+", b.casefold())
    if pair["kind"] == "emoji in words":
        return EMOJI.search(a) is not None and EMOJI.search(b) is None
    words = [(x, y) for x, y in zip(a.split(), b.split(), strict=True) if x != y]
    return len(words) == 1 and difflib.SequenceMatcher(None, *words[0]).ratio() > 0.7


@pytest.mark.skipif(not is_present("all-MiniLM-L6-v2"), reason="backbone all-MiniLM-L6-v2 is not on this machine")
def test_the_bundled_model_is_no_worse() -> None:
    measured = measure(Labeler.from_pretrained("everyday", precision="fp32"), *read_half("dev"))
    below = []
    for name, floor in FLOORS.items():
        reached = measured[name]
        if isinstance(floor, dict):
            below += [(name, key, reached[key], least) for key, least in floor.items() if reached[key][0] < least]
        elif (reached[0] if isinstance(reached, list) else reached) < floor:
            below.append((name, "", reached, floor))
    assert below == []
