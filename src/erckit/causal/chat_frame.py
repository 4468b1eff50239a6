"""What a causal model wants around a prompt: its beginning-of-text habit, or its chat template cut in two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

# What Llama's template says where it cannot ask for the day.
_DAY = datetime(2024, 7, 26, 12)
_LETTERS = "aAbBcdFgGHIjmMpSTuUVwWxXyY"


def with_fixed_day(template: str) -> str:
    """A chat template whose ``strftime_now`` does not read the clock.

    With today's date in every prompt, a model would be trained on another prompt than it is asked with a day later.

    Args:
        template: In Jinja, as a tokenizer has it. Without ``strftime_now`` it is returned as it is.
    """
    if "strftime_now" not in template:
        return template
    # transformers hands no function to a template (arguments become plain data), so it is defined in the template.
    return (
        "{%- macro strftime_now(format) -%}"
        "{%- set day = namespace(text=format) -%}"
        f"{{%- for sign, word in {_words()!r} -%}}{{%- set day.text = day.text.replace(sign, word) -%}}{{%- endfor -%}}"
        "{{- day.text -}}"
        # This newline is taken away again, so that the template begins at the start of a line as before.
        "{%- endmacro %}\n"
        f"{template}"
    )


def _words() -> list[tuple[str, str]]:
    """What each sign of a date format becomes."""
    words = [(f"%{letter}", _DAY.strftime(f"%{letter}")) for letter in _LETTERS]
    return [*words, *((f"%-{sign[1]}", word.lstrip("0") or "0") for sign, word in words), ("%%", "%")]


# Letters only, so that no template trims, escapes or reads it as anything but content.
_CONTENT = "erckitcontentgoeshere"


@dataclass(frozen=True, slots=True)
class ChatFrame:
    """Token ids before a prompt's opening and after its question.

    Args:
        begin: What comes first: the tokenizer's beginning-of-text token where it has that habit, and a chat
            template's text up to the user's words.
        end: A chat template's end of the user's words and the beginning of the assistant's; empty without a template.
    """

    begin: tuple[int, ...]
    end: tuple[int, ...]

    @property
    def is_chat(self) -> bool:
        """Whether the model has a chat template."""
        return bool(self.end)


def chat_frame(tokenizer: Any) -> ChatFrame:
    """The frame of a tokenizer: its chat template with one user message, or its beginning-of-text token alone.

    Leaving out the beginning-of-text token, or adding one where the model never saw it, makes a model several times
    worse, so the tokenizer's own habit is kept. A template that asks for today's date is told a fixed one.
    """
    if getattr(tokenizer, "chat_template", None):
        # Models that would think first are asked to answer at once; other templates ignore the flag.
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": _CONTENT}],
            chat_template=with_fixed_day(tokenizer.get_chat_template()),
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,
        )
        before, found, after = text.partition(_CONTENT)
        if found and after:
            return ChatFrame(_ids(tokenizer, before), _ids(tokenizer, after))
    with_habit = tokenizer("a")["input_ids"]
    plain = tokenizer("a", add_special_tokens=False)["input_ids"]
    habit = with_habit[: len(with_habit) - len(plain)]
    # A tokenizer that puts something after the text as well has no place here: only what comes before is kept.
    begin = habit if with_habit[len(habit) :] == plain else with_habit[: with_habit.index(plain[0])]
    return ChatFrame(tuple(begin), ())


def _ids(tokenizer: Any, text: str) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])
