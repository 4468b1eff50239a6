"""Which sentences of a biography a question shows, against cosines computed one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.backbones.get_backbone import get_backbone, is_present
from erckit.conversation import Conversation, Utterance
from erckit.encoding.vectors.text_vectors import text_vectors
from erckit.errors import SettingError
from erckit.labels import LabelSet
from erckit.models.prompts import prompt_style
from erckit.prompting.annotation.extract_annotator import extract_biography
from erckit.prompting.context.biography_search import biography_sentences, nearest_sentences
from erckit.prompting.prompt.prompt_context import PromptContext
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.recipe.prompt_builder import llm_builder

WRITTEN = 'She is kind. Her dog, "Rex", ran away! Does she miss him?  Mr Bing owes her 3.5 dollars'
TEXTS = ("my dog ran away", "you owe me a dollar", "how kind of you", "what a day")


def _talk(texts: Sequence[str]) -> Conversation:
    return Conversation("c1", tuple(Utterance(str(i), "Ana", text) for i, text in enumerate(texts)))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_most_similar_in_their_order(tiny_backbone: Callable[[str], Path], count: int) -> None:
    lines = ["my dog is the best dog", "I hate owing people money", "you are so very kind"]
    quoting = extract_biography("", lines, ["glad", "sad", "glad"])
    encoder = tiny_backbone("bert")
    biographies = [("", WRITTEN, quoting, WRITTEN), ()]
    found = nearest_sentences([_talk(TEXTS), _talk(TEXTS)], biographies, count, encoder, keeps_vectors=False)
    assert found[1] == ()
    assert found[0][0] == ""
    for u in (1, 2, 3):
        sentences = biography_sentences(biographies[0][u])
        assert len(sentences) == (3 if u == 2 else 4)
        cosines = {}
        for one in sentences:
            mine, other = text_vectors([TEXTS[u], one], encoder, keep=False, quiet=True)
            cosines[one] = float(mine @ other)
        best = sorted(sorted(sentences, key=lambda one: -cosines[one])[:count], key=sentences.index)
        quotes = "; ".join(f'"{one}"' for one in best)
        if u == 2 and count == 3:
            assert found[0][u] == quoting  # nothing to choose: as it was
        elif u == 2:
            assert found[0][u] == f"Felt so far: glad 2, sad 1. Said before: {quotes}."
        else:
            assert found[0][u] == " ".join(best)


@pytest.mark.skipif(not is_present("all-MiniLM-L6-v2"), reason="backbone all-MiniLM-L6-v2 is not on this machine")
def test_what_is_similar_is_found() -> None:
    encoder = get_backbone("all-MiniLM-L6-v2")
    (found,) = nearest_sentences([_talk(TEXTS)], [(WRITTEN,) * 4], 1, encoder, keeps_vectors=False)
    assert found[0] == 'Her dog, "Rex", ran away!'
    assert found[1] == "Mr Bing owes her 3.5 dollars"
    assert found[2] == "She is kind."


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", ()),
        ("One line without an end", ("One line without an end",)),
        ("Yes. No? So!", ("Yes.", "No?", "So!")),
        ('She said "I am late." He left.', ('She said "I am late."', "He left.")),
        ("Joey (the actor.) He eats.", ("Joey (the actor.)", "He eats.")),
        ("Dr. Geller is kind. Mr. and Mrs. B. agree.", ("Dr. Geller is kind.", "Mr. and Mrs. B. agree.")),
        ("It costs 3.5 dollars... He pays.", ("It costs 3.5 dollars...", "He pays.")),
        ("- likes tea\n- hates rain", ("- likes tea", "- hates rain")),
        ("वह दयालु है। उसका कुत्ता भाग गया।", ("वह दयालु है।", "उसका कुत्ता भाग गया।")),
        ("她说：“好。”然后走了。", ("她说：“好。”", "然后走了。")),
        ("她很善良。她的狗跑了！", ("她很善良。", "她的狗跑了！")),
        ('Felt so far: joyful 2, sad 1. Said before: "I am. You?"; "no".', ("I am. You?", "no")),
    ],
)
def test_sentences(text: str, sentences: tuple[str, ...]) -> None:
    assert biography_sentences(text) == sentences


@given(st.text(max_size=80) | st.text(alphabet="Ab.!?\" ')\n。”", max_size=30))
def test_no_letter_is_lost(text: str) -> None:
    assert "".join("".join(biography_sentences(text)).split()) == "".join(text.split())


def test_prompts_show_them_and_the_memory_keeps_the_whole(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tiny_causal_lm: Callable[..., Any]
) -> None:
    recipe = llm_recipe("emonet_llm", style={"biography_sentences": 1, "recent": 0, "related": 0})
    corpus = ruled_corpus(6)
    system = PromptSystem(tiny_causal_lm("llama"), llm_builder(recipe, corpus))
    whole = llm_builder(llm_recipe("emonet_llm", style={"recent": 0, "related": 0}), corpus)
    given = corpus.split("train")
    short = system.builder.gather(given, keeps_vectors=False)
    long = whole.gather(given, keeps_vectors=False)
    assert short.written == long.written
    pairs = [(a, b) for s, t in zip(short.fields["biographies"], long.fields["biographies"], strict=True)
             for a, b in zip(s, t, strict=True)]  # fmt: skip
    assert any(len(a) < len(b) for a, b in pairs)
    assert all(set(biography_sentences(a)) <= set(biography_sentences(b)) for a, b in pairs)
    for c, conversation in enumerate(given):
        (prompt,) = system.builder.style.prompts(conversation, short.context(c))
        for t, question in enumerate(prompt.questions):
            if line := short.fields["biographies"][c][t]:
                assert line.replace('"', "'")[:20] in question.text


def test_where_it_makes_no_sense() -> None:
    with pytest.raises(SettingError, match="biography_place to question"):
        prompt_style("emonet_llm", {"biography_sentences": 1, "biography_place": "history"})
    with pytest.raises(SettingError, match="biography: true"):
        prompt_style("emonet_llm", {"biography_sentences": 1, "biography": False})
    with pytest.raises(SettingError, match="at least 0"):
        prompt_style("emonet_llm", {"biography_sentences": -1})
    style = prompt_style("emonet_llm", {"biography_sentences": 2})
    assert style.settings.biography_sentences == 2
    labels = LabelSet(("sad", "glad"))
    (prompt,) = style.prompts(_talk(TEXTS), PromptContext(labels, labels.labels, biographies=(WRITTEN,) * 4))
    assert "About Ana: She is kind." in prompt.questions[0].text  # who fills the context has chosen
