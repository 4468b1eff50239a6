"""Token blocks: what stands in them, and that no text can break them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from erckit.conversation import Conversation, Utterance
from erckit.encoding.tokens import SPEAKER_FORMS, ConversationTokenizer, TokenizedConversation
from erckit.errors import BackboneError, SettingError


def _tokenize(tokenizer: ConversationTokenizer, text: str, name: str = "Ana", row: int = 5) -> TokenizedConversation:
    return tokenizer([Conversation("c", (Utterance("u", "Ana", text),))], [[name]], [[row]])[0]


@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet"])
@pytest.mark.parametrize(
    ("form", "name", "spoken"),
    [("none", "Ana", ""), ("name", "Ana", "Ana:"), ("marker", "<s3>", "<s3>")],
)
def test_a_block_is_start_speaker_text_end(
    tiny_backbone: Callable[[str], Path], kind: str, form: str, name: str, spoken: str
) -> None:
    original = AutoTokenizer.from_pretrained(tiny_backbone(kind))
    start, end = original.cls_token_id, original.sep_token_id
    text = original("hello red dog", add_special_tokens=False)["input_ids"]
    prefix = original(spoken, add_special_tokens=False, split_special_tokens=True)["input_ids"] if spoken else []
    found = _tokenize(ConversationTokenizer(tiny_backbone(kind), form), "hello red dog", name)
    assert found.blocks == ([start, *prefix, *text, end],)
    assert found.plain == ([start, *text, end],)
    assert found.identities == ([0] * len(found.blocks[0]),)
    assert found.truncated == 0
    assert found.tokens == len(found.blocks[0])


def test_learned_speakers_are_rows_beside_the_tokens(tiny_backbone: Callable[[str], Path]) -> None:
    token = _tokenize(ConversationTokenizer(tiny_backbone("bert"), "token"), "hello dog")
    plain = token.plain[0]
    assert token.blocks[0] == [plain[0], 4, *plain[1:]]  # 4 is [MASK]
    assert token.identities[0] == [0, 5, 0, 0, 0]
    embedding = _tokenize(ConversationTokenizer(tiny_backbone("bert"), "embedding"), "hello dog")
    assert embedding.blocks[0] == plain
    assert embedding.identities[0] == [5] * 4


@given(
    text=st.text(max_size=300),
    name=st.text(max_size=100),
    form=st.sampled_from(SPEAKER_FORMS),
    kind=st.sampled_from(["bert", "roberta"]),
    longest=st.sampled_from([16, 24, 192]),
)
def test_any_text_gives_a_block_that_fits(
    tiny_backbone: Callable[[str], Path], text: str, name: str, form: str, kind: str, longest: int
) -> None:
    tokenizer = ConversationTokenizer(tiny_backbone(kind), form, longest)
    found = _tokenize(tokenizer, text, name)
    (block,), (rows,), (plain,) = found.blocks, found.identities, found.plain
    assert 2 <= len(block) <= longest
    assert len(rows) == len(block)
    assert 2 <= len(plain) <= len(block)
    special = set(AutoTokenizer.from_pretrained(tiny_backbone(kind)).all_special_ids) - {3 if kind == "roberta" else 1}
    assert not special & set(plain[1:-1])  # no text, whatever it spells, makes a control token


def test_a_text_that_spells_a_control_token_stays_text(tiny_backbone: Callable[[str], Path]) -> None:
    found = _tokenize(ConversationTokenizer(tiny_backbone("bert"), "name"), "[SEP] [CLS] [PAD]", "[SEP]")
    assert found.blocks[0][1:-1].count(3) == 0
    assert found.blocks[0].count(0) == 0


def test_half_a_surrogate_pair_is_no_reason_to_stop(tiny_backbone: Callable[[str], Path]) -> None:
    tokenizer = ConversationTokenizer(tiny_backbone("bert"))
    broken, mended = _tokenize(tokenizer, "dog \ud83d", "\udc00"), _tokenize(tokenizer, "dog ?", "?")
    assert broken == mended


def test_long_texts_are_cut_and_counted(tiny_backbone: Callable[[str], Path]) -> None:
    tokenizer = ConversationTokenizer(tiny_backbone("bert"), "name", 24)
    assert _tokenize(tokenizer, "dog " * 30).truncated == 1
    assert _tokenize(tokenizer, "dog " * 10).truncated == 0
    assert _tokenize(tokenizer, "x" * 100_000).truncated == 1  # one unknown word, of which only the beginning is read
    whole = _tokenize(tokenizer, "dog " * 250_000)  # one megabyte
    assert len(whole.blocks[0]) == 24
    assert whole.truncated == 1


def test_a_long_name_leaves_room_for_the_text(tiny_backbone: Callable[[str], Path]) -> None:
    block = _tokenize(ConversationTokenizer(tiny_backbone("bert"), "name", 16), "dog " * 30, "x q z " * 20).blocks[0]
    dog = _tokenize(ConversationTokenizer(tiny_backbone("bert"), "none"), "dog").blocks[0][1]
    assert len(block) == 16
    assert block.count(dog) >= 6


def test_refusals(tiny_backbone: Callable[[str], Path], tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Did you mean 'marker'"):
        ConversationTokenizer(tiny_backbone("bert"), "markers")
    (tmp_path / "config.json").write_bytes((tiny_backbone("bert") / "config.json").read_bytes())
    with pytest.raises(BackboneError, match="no tokenizer that can be loaded"):
        ConversationTokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_text("{ broken")
    with pytest.raises(BackboneError, match="no tokenizer that can be loaded"):
        ConversationTokenizer(tmp_path)
