"""Chat templates that ask for the date: the prompt is the same every day."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from transformers.utils import chat_template_utils

from erckit.causal.causal_lm import CausalLM
from erckit.causal.chat_frame import chat_frame, with_fixed_day

TEMPLATE = (
    "{%- if strftime_now is defined %}{%- set date = strftime_now('%d %b %Y') %}{%- endif %}"
    "{%- macro today(form) %}{{ strftime_now(form) }}{% endmacro %}"
    "<|start|>system\nToday: {{ date }}, {{ today('%A %-d 100%%') }}, "
    "next year {{ strftime_now('%Y') | int + 1 }}.<|end|>\n"
    "{% for m in messages %}<|start|>{{ m['role'] }}\n{{ m['content'] }}<|end|>\n{% endfor %}<|start|>assistant\n"
)
WITH_DATE = "<|start|>system\nToday: 26 Jul 2024, Friday 26 100%, next year 2025.<|end|>\n<|start|>user\n"


def another_day(monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Clock:
            return cls(1999, 12, 31)

    monkeypatch.setattr(chat_template_utils, "datetime", Clock)


def test_the_frame_is_the_same_every_day(
    tiny_causal_lm: Callable[[str], CausalLM], monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = tiny_causal_lm("llama").tokenizer
    monkeypatch.setattr(tokenizer, "chat_template", TEMPLATE)
    frame = chat_frame(tokenizer)
    assert frame.is_chat
    assert tokenizer.decode(frame.begin) == WITH_DATE
    another_day(monkeypatch)
    whole = tokenizer.apply_chat_template([{"role": "user", "content": "a"}], tokenize=False)
    assert "31 Dec 1999" in whole  # what the template says otherwise
    assert chat_frame(tokenizer) == frame
    assert tokenizer.chat_template == TEMPLATE


@pytest.mark.parametrize("begin", ["", "Hello ", "  {% set a = 1 %}", "\n\n  ", "  words\n"])
def test_nothing_but_the_date_changes(
    tiny_causal_lm: Callable[[str], CausalLM], monkeypatch: pytest.MonkeyPatch, begin: str
) -> None:
    tokenizer = tiny_causal_lm("llama").tokenizer
    template = f"{begin}{{% if true %}}\n{{{{ strftime_now('%Y') }}}} {{{{ messages[0]['content'] }}}}\n{{% endif %}}\n"
    ask = [{"role": "user", "content": "feel"}]

    def rendered(template: str) -> str:
        return str(tokenizer.apply_chat_template(ask, chat_template=template, tokenize=False))

    another_day(monkeypatch)
    assert rendered(with_fixed_day(template)) == rendered(template).replace("1999", "2024")


def test_other_templates_are_left_alone() -> None:
    assert with_fixed_day("{{ messages }}") == "{{ messages }}"
