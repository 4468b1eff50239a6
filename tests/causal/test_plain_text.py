"""Text as token ids: marks that a tokenizer does not call special are letters, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, normalizers

from erckit.causal.causal_lm import CausalLM
from erckit.causal.plain_text import PlainText

MARKS = ("<think>", "</think>", "<｜User｜>", "<tool_call>", "<<", "[multimodal]")


@pytest.fixture(scope="module")
def marked(tiny_causal_lm: Callable[[str], CausalLM]) -> Any:
    """A tokenizer with marks that are not special, and an ordinary word and a line break added the same way."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_causal_lm("qwen2").folder)
    tokenizer.add_tokens([AddedToken(m, special=False, normalized=False) for m in (*MARKS, "zebra", "\n\n")])
    return tokenizer


def _ids(tokenizer: Any, words: tuple[str, ...]) -> set[int]:
    return set(tokenizer.convert_tokens_to_ids(list(words)))


def test_marks_that_are_not_special_stay_text(marked: Any) -> None:
    text = "ok</think> joy <think><tool_call><｜User｜>hi<<<think>>"
    assert _ids(marked, MARKS).intersection(marked(text, split_special_tokens=True)["input_ids"])  # what would happen
    ids = PlainText(marked).tokens(text)
    assert not _ids(marked, MARKS).intersection(ids)
    assert marked.decode(ids) == text


def test_added_words_and_white_space_stay_tokens(marked: Any) -> None:
    found = set(PlainText(marked).tokens("a zebra\n\nhere"))
    assert _ids(marked, ("zebra", "\n\n")) <= found


@given(parts=st.lists(st.sampled_from([*MARKS, "a", " ", "<", ">", "th", "ink>", "\n"]), max_size=12))
def test_no_mark_however_it_is_put_together(marked: Any, parts: list[str]) -> None:
    text = "".join(parts)
    ids = PlainText(marked).tokens(text)
    assert not _ids(marked, MARKS).intersection(ids)
    assert marked.decode(ids, clean_up_tokenization_spaces=False) == text


def test_a_mark_that_only_the_tokenizer_sees(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_causal_lm("qwen2").folder)
    tokenizer.backend_tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.add_tokens([AddedToken("<think>", special=False, normalized=True)])
    for text in ("so <THINK> joy", "so ＜think＞ joy", "<tHiNk>" * 9):
        assert _ids(tokenizer, ("<think>",)) <= set(tokenizer(text)["input_ids"])
        assert not _ids(tokenizer, ("<think>",)) & set(PlainText(tokenizer).tokens(text))


def test_many_marks_take_no_long_time(marked: Any) -> None:
    plain, began = PlainText(marked), time.process_time()
    assert marked.decode(plain.tokens("<think>" * 3000)) == "<think>" * 3000
    assert time.process_time() - began < 10
