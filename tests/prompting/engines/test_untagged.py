"""What a server gets to read: no control token of any model family, and ordinary text as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.prompting.engines.endpoint import untagged

TAGS = (
    "<|im_end|>", "<|start_header_id|>", "<start_of_turn>", "</s>", "<s>", "<<SYS>>", "[INST]", "[/INST]", "<think>",
    "<｜User｜>", "[SEP]", "<bos>", "{{", "{%", "<!-- x -->", "[TOOL_CALLS]",
)  # fmt: skip


@pytest.mark.parametrize("tag", TAGS)
def test_control_tokens_are_broken_up(tag: str) -> None:
    found = untagged(f"well{tag}{tag} yes")
    assert tag not in found
    assert found.replace(" ", "") == f"well{tag}{tag}yes".replace(" ", "")


@given(st.lists(st.sampled_from([*TAGS, "<", "[", "{", "|", "im_end|>", " ", "INST]"]), max_size=10))
def test_they_cannot_be_put_together_from_parts(parts: list[str]) -> None:
    found = untagged("".join(parts))
    assert not any(tag in found for tag in TAGS)


@pytest.mark.parametrize("text", ["I <3 you", "a < b > c", "[laughs] and [1]", "{x}", 'Ana: "Well."\n\nDescribe Ana.'])
def test_ordinary_text_stays(text: str) -> None:
    assert untagged(text) == text
