"""Text for a server whose tokenizer is not ours: what looks like a control token is broken up."""

from __future__ import annotations

import re

# <|im_end|>, <start_of_turn>, </s>, <<SYS>>, [INST], <think>, DeepSeek's wide bars: an opening bracket and what follows
# it at once. "<3" and "[ok" stay.
_TAG = re.compile(r"(<)(?=[|｜/!<A-Za-z_])|(\[)(?=/?[A-Z_]+\])|(\{)(?=[{%])")


def untagged(text: str) -> str:
    """``text`` with a space after every bracket that may open a control token or a template's expression.

    A server puts messages into its own chat template and may read ``<|im_end|>`` in them as the end of the message. The
    local engine needs none of this: it tokenises people's words as letters.
    """
    return _TAG.sub(lambda found: f"{found.group()} ", text)
