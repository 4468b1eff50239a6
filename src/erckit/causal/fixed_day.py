"""Chat templates that tell the model what day it is are always told the same one."""

from __future__ import annotations

from datetime import datetime

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
