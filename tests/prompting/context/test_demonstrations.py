"""Retrieval against a plain loop over all pairs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.corpora.checks.normal_text import normal_text
from erckit.encoding.vectors.text_vectors import text_vectors
from erckit.errors import ErckitError
from erckit.labels import LabelSet
from erckit.prompting.context.demonstrations import DemonstrationPool, demonstration_text, read_demonstrations
from erckit.prompting.prompt.prompt_context import LabelledText

LABELS = LabelSet(("Calm", "Cross", "Glad"))


@pytest.fixture
def folder(tiny_backbone: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path))
    return tiny_backbone("bert")


@pytest.fixture
def talks(talk: Callable[..., Any]) -> list[Any]:
    return [talk(seed, 6, longest=3) for seed in range(20)]


def _vectors(texts: set[str], folder: Path) -> dict[str, Any]:
    ordered = sorted(texts)
    return dict(zip(ordered, text_vectors(ordered, folder, quiet=True).astype(np.float64), strict=True))


@pytest.mark.parametrize("how", ["label_blind", "same_label"])
def test_finds_what_a_loop_finds(folder: Path, talks: list[Any], how: str) -> None:
    pool = DemonstrationPool.from_conversations(talks, LABELS, folder, per_label=12)
    vectors = _vectors({u.text for c in talks for u in c.utterances}, folder)
    for conversation, rows in zip(talks[:4], pool.find(talks[:4], k=3, how=how), strict=True):
        for said, examples in zip(conversation.utterances, rows, strict=True):
            cosines = []
            for example, owner in zip(pool.examples, pool.conversations, strict=True):
                if owner == conversation.id or normal_text(example.text) == normal_text(said.text):
                    continue
                if how == "same_label" and example.label != said.label:
                    continue
                a, b = vectors[said.text], vectors[example.text]
                cosines.append(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
            got = [float(vectors[said.text] @ vectors[e.text]) for e in examples]
            assert np.allclose(got, sorted(cosines, reverse=True)[:3], atol=1e-4)
            assert all(normal_text(e.text) != normal_text(said.text) for e in examples)
            if how == "same_label":
                assert all(e.label == said.label for e in examples)


def test_the_pool_is_balanced_and_the_same_again(folder: Path, talks: list[Any]) -> None:
    counts = Counter(u.label for c in talks for u in c.utterances)
    pool = DemonstrationPool.from_conversations(talks, LABELS, folder)
    drawn = Counter(example.label for example in pool.examples)
    assert len(set(drawn.values())) == 1
    assert drawn["Calm"] <= min(counts.values())
    again = DemonstrationPool.from_conversations(talks, LABELS, folder)
    assert again.examples == pool.examples
    other = DemonstrationPool.from_conversations(talks, LABELS, folder, per_label=5, seed=1)
    assert Counter(example.label for example in other.examples) == dict.fromkeys(LABELS.labels, 5)


def test_own_conversation_is_never_found(folder: Path, talks: list[Any]) -> None:
    pool = DemonstrationPool.from_conversations(talks[:2], LABELS, folder, per_label=99)
    own = {u.text for u in talks[0].utterances} - {u.text for u in talks[1].utterances}
    for rows in pool.find(talks[:1], k=99):
        assert all(example.text not in own for row in [rows] for examples in row for example in examples)


def test_own_conversation_is_not_found_after_a_folder_is_read(folder: Path, talks: list[Any]) -> None:
    pool = DemonstrationPool.from_conversations(talks[:3], LABELS, folder, per_label=99)
    text = demonstration_text(pool)
    again = read_demonstrations(text, LABELS, folder, "demonstrations.jsonl")
    assert again.conversations == pool.conversations
    found = pool.find(talks[:3], k=99)
    assert again.find(talks[:3], k=99) == found
    assert demonstration_text(again) == text
    # a file of an earlier version says no conversations: only copies of a text are left out
    rows = [json.loads(line) for line in text.splitlines()]
    old = "".join(json.dumps({"text": row["text"], "label": row["label"]}) + "\n" for row in rows)
    without = read_demonstrations(old, LABELS, folder, "demonstrations.jsonl")
    assert without.examples == pool.examples
    assert sum(map(len, without.find(talks[:3], k=99)[0])) > sum(map(len, found[0]))
    nameless = replace(talks[0], id="")
    assert without.find([nameless], k=99) == without.find(talks[:1], k=99)


@pytest.mark.parametrize("row", ['{"text": "a", "label": "Glad", "conversation": 3}', '["a", "Glad"]', '{"text": "a"}'])
def test_a_damaged_file_is_told_with_its_line(folder: Path, row: str) -> None:
    with pytest.raises(ErckitError, match=r"demonstrations\.jsonl:2: .*Get the model folder again"):
        read_demonstrations(f'{{"text": "b", "label": "Glad"}}\n{row}\n', LABELS, folder, "demonstrations.jsonl")


def test_a_ready_pool_needs_no_conversations(folder: Path, talks: list[Any]) -> None:
    examples = (LabelledText("red dog", "Glad"), LabelledText("Red, dog!", "Calm"), LabelledText("blue cat", "Cross"))
    pool = DemonstrationPool.from_examples(examples, LABELS, folder)
    from erckit.conversation import Conversation, Utterance

    conversation = Conversation("q", (Utterance("1", "Ana", "RED dog."),))
    assert pool.find([conversation], k=3) == [((examples[2],),)]  # the copies are left out, whatever their label


def test_nothing_labelled_is_told(folder: Path, talk: Callable[..., Any]) -> None:
    bare = talk(1, 3)
    bare = replace(bare, utterances=tuple(replace(u, label=None) for u in bare.utterances))
    with pytest.raises(ErckitError, match="has a label"):
        DemonstrationPool.from_conversations([bare], LABELS, folder)
    pool = DemonstrationPool.from_conversations([talk(2, 6)], LABELS, folder)
    assert pool.find([bare], how="same_label") == [((),) * 3]
    with pytest.raises(ErckitError, match="same_label"):
        pool.find([bare], how="same_lable")
