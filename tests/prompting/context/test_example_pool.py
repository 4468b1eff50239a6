"""Few-shot examples: how they are drawn, whose prompts they leave, and their file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.conversation import Conversation, Utterance
from erckit.errors import ModelFolderError, SettingError
from erckit.labels import LabelSet
from erckit.prompting.context.example_pool import ExamplePool, example_text, read_examples

LABELS = LabelSet(("calm", "cross", "glad"))


def _corpus(conversations: int = 12) -> list[Conversation]:
    """Every conversation says each label twice, in words of its own."""
    return [
        Conversation(
            f"c{c}",
            tuple(Utterance(f"{u}", "Ana", f"words {c} {u}", label=LABELS.labels[u % 3]) for u in range(6)),
        )
        for c in range(conversations)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 12])
def test_labels_are_balanced(count: int) -> None:
    pool = ExamplePool.from_conversations(_corpus(), LABELS, count, seed=4)
    assert len(pool.shown) == count
    sizes = Counter(example.said.label for example in pool.shown)
    assert max(sizes.values()) - min(sizes[label] for label in LABELS.labels) <= 1
    assert len({example.said.text for example in (*pool.shown, *pool.spares)}) == len(pool.shown) + len(pool.spares)


def test_the_seed_says_which() -> None:
    def drawn(seed: int) -> tuple[Any, ...]:
        return ExamplePool.from_conversations(_corpus(), LABELS, 6, seed).shown

    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(5)}) > 1
    firsts = {drawn(seed)[-1].said.label for seed in range(12)}
    assert len(firsts) == 3  # the last one, which a model is inclined to repeat, is of any label


@pytest.mark.parametrize("conversations", [2, 3, 12])
def test_no_conversation_shows_its_own(conversations: int) -> None:
    corpus = _corpus(conversations)
    pool = ExamplePool.from_conversations(corpus, LABELS, 3)
    everywhere = pool.of("another")
    assert everywhere == tuple(example.said for example in pool.shown)
    for conversation in corpus:
        found = pool.of(conversation.id)
        assert not {one.text for one in found} & {u.text for u in conversation.utterances}
        assert [one.label for one in found] == [one.label for one in everywhere]  # a spare of the same label


def test_rare_labels_and_repeats() -> None:
    said = [Utterance(str(i), "Ana", "Yeah.", label="calm") for i in range(5)]
    said += [Utterance(f"x{i}", "Ana", f"Grr {i}", label="cross") for i in range(5)]
    pool = ExamplePool.from_conversations([Conversation("c", tuple(said))], LABELS, 4)
    assert Counter(e.said.label for e in pool.shown) == {"calm": 1, "cross": 3}
    assert pool.of("c") == ()
    with pytest.raises(SettingError, match="training split"):
        ExamplePool.from_conversations([Conversation("c", (Utterance("1", "Ana", "Hi"),))], LABELS, 4)


@given(st.text(min_size=1).filter(str.strip))
def test_the_file_keeps_everything(text: str) -> None:
    corpus = [
        Conversation(f"c{i}", (Utterance("1", "Ana", text, label="glad"), Utterance("2", "Ben", f"{i}", label="calm")))
        for i in range(3)
    ]
    pool = ExamplePool.from_conversations(corpus, LABELS, 2)
    assert read_examples(example_text(pool), LABELS, "examples.jsonl") == pool


@pytest.mark.parametrize("line", ["[]", "{}", "nonsense", '{"text": 1, "label": "glad", "conversation": "c"}'])
def test_a_broken_file_is_refused(line: str) -> None:
    good = example_text(ExamplePool.from_conversations(_corpus(), LABELS, 1))
    with pytest.raises(ModelFolderError, match=r"examples\.jsonl:3"):
        read_examples(good + line + "\n", LABELS, "examples.jsonl")


def test_zero_and_few_shot_models_label(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path: Any
) -> None:
    """Nothing is trained; the folder carries the examples, labelling shows them, and the prior is taken off."""
    from dataclasses import replace

    import numpy as np

    from erckit.labelling import Labeler
    from erckit.labelling.prompt_system import prompt_builder
    from erckit.model_folder.adapter_folder import read_adapter_folder
    from erckit.prompting.scoring.prior import label_prior
    from erckit.prompting.scoring.prompt_system import PromptSystem
    from erckit.training.run import train

    corpus = ruled_corpus(6)
    for system in ("last_utterance", "instruct_erc"):
        style = {"demonstrations": 0} if system == "instruct_erc" else {}
        recipe = llm_recipe(
            system, style=style, training={"llm": {"is_trained": False}}, context={"examples": {"count": 4, "seed": 2}}
        )
        folder = train(recipe, corpus, tmp_path / system, quiet=True)
        pool = read_examples((folder / "examples.jsonl").read_text("utf-8"), corpus.label_set, "examples.jsonl")
        said = {u.text: c.id for c in corpus.split("train") for u in c.utterances}
        assert {one.said.text: one.conversation for one in pool.shown}.items() <= said.items()
        assert "examples.jsonl" in (folder / "README.md").read_text("utf-8")

        labeler: Any = Labeler.from_pretrained(folder, precision="fp32")
        chats = [replace(c, meta={}) for c in corpus.split("test")[:2]]
        builder = prompt_builder(read_adapter_folder(folder), folder)
        gathered = builder.gather(chats)
        prompts = [p for c in range(2) for p in builder.style.prompts(chats[c], gathered.context(c))]
        for chat, prompt in zip(chats, prompts, strict=True):
            assert len(pool.of(chat.id)) == 4
            assert all(example.text in prompt.opening for example in pool.of(chat.id))
        plain = PromptSystem(
            labeler.system.system.lm, replace(builder, settings=replace(builder.settings, removes_prior=None))
        )
        raw = plain.scores(gathered, range(2))
        prior = label_prior(plain.lm, prompts, plain.labels, plain.room)
        np.testing.assert_allclose(np.concatenate(labeler.logits(chats)), raw - prior, atol=1e-4)
        assert np.abs(prior - prior.mean(axis=1, keepdims=True)).max() > 1e-3  # it is not flat, so it matters


def test_the_prior_is_taken_off_where_nothing_is_trained() -> None:
    from erckit.recipe.load_recipe import change_recipe, recipe_from_dict

    trained = recipe_from_dict({"model": {"name": "instruct_erc"}})
    plain = change_recipe(trained, {"training.llm.is_trained": False})
    assert (trained.removes_prior, plain.removes_prior) == (False, True)
    assert plain.to_dict()["context"]["removes_prior"] is True
    for said in (True, False):
        for recipe in (trained, plain):
            assert change_recipe(recipe, {"context.removes_prior": said}).removes_prior is said
