"""Answers written by the model word by word, as the published systems do it, and how many of them are no label.

Kept for comparison: scores of labels (``label_likelihood``) need no parsing, are calibrated and cost less.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from erckit.encoding.causal_lm import CausalLM
from erckit.encoding.prompt_packing import separate_tokens
from erckit.encoding.prompt_segments import Room
from erckit.errors import SettingError, nearest
from erckit.prompting.conversation_prompt import ConversationPrompt
from erckit.prompting.tokenize_prompt import tokenize_prompt

PARSINGS = ("exact", "contained", "nearest")
_AROUND = string.whitespace + string.punctuation + "“”‘’«»…"


@dataclass(frozen=True, slots=True)
class ReadAnswers:
    """What was made of generated answers.

    Args:
        texts: The answers as generated.
        labels: The label read in each, or None.
    """

    texts: tuple[str, ...]
    labels: tuple[str | None, ...]

    @property
    def unparsed_rate(self) -> float:
        """Share of answers in which no label was read, in [0, 1]; 0 where there are no answers."""
        return sum(label is None for label in self.labels) / max(1, len(self.labels))


def generate(
    lm: CausalLM,
    prompts: Sequence[ConversationPrompt],
    room: Room | None = None,
    *,
    max_tokens: int = 16,
    batch_tokens: int = 4096,
    advance: Callable[[int], None] | None = None,
) -> list[str]:
    """The model's own answer to every question, each asked in a prompt of its own; greedy, with a key-value cache.

    Args:
        lm: The model.
        prompts: One for each conversation.
        room: How long conversations are cut.
        max_tokens: Most tokens of an answer.
        batch_tokens: Tokens of a batch, padding and answers included.
        advance: Called with the number of answers done since.

    Returns:
        One text per question, conversation by conversation, without the token that ends it.
    """
    rows: list[tuple[int, ...]] = []
    for prompt in prompts:
        rows.extend(separate_tokens(tokenize_prompt(lm, prompt), room))
    longest = max(map(len, rows), default=0) + max_tokens
    if longest > lm.positions:
        raise SettingError(
            f"a prompt has {longest} tokens with its answer, and {lm.name} takes {lm.positions}. "
            "Lower max_tokens or shorten the question."
        )
    answers = [""] * len(rows)
    order = sorted(range(len(rows)), key=lambda r: len(rows[r]), reverse=True)
    while order:
        count = max(1, batch_tokens // (len(rows[order[0]]) + max_tokens))
        chosen, order = order[:count], order[count:]
        for r, answer in zip(chosen, _generate(lm, [rows[r] for r in chosen], max_tokens), strict=True):
            answers[r] = answer
        if advance is not None:
            advance(len(chosen))
    return answers


def read_answers(texts: Sequence[str], labels: Sequence[str], parsing: str = "exact") -> ReadAnswers:
    """Read labels in generated answers.

    Args:
        texts: Answers.
        labels: The label set.
        parsing: ``exact``: the answer is the label, apart from case and what stands around it. ``contained``: exactly
            one label's word occurs in it. ``nearest``: the first label contained in the answer, else the one with the
            smallest edit distance, so every answer becomes a label (InstructERC's released code).

    Raises:
        SettingError: An unknown parsing.
    """
    if parsing not in PARSINGS:
        raise SettingError(f"unknown parsing '{parsing}'. {nearest(parsing, PARSINGS)}")
    return ReadAnswers(tuple(texts), tuple(_read(text, labels, parsing) for text in texts))


def _generate(lm: CausalLM, rows: Sequence[Sequence[int]], max_tokens: int) -> list[str]:
    from transformers import GenerationConfig

    width = max(map(len, rows))
    tokens = torch.full((len(rows), width), lm.padding_token)  # (B, T)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for b, row in enumerate(rows):  # padded on the left, so that all answers begin in the same column
        tokens[b, width - len(row) :] = torch.tensor(row)
        mask[b, width - len(row) :] = 1
    settings = GenerationConfig(
        do_sample=False, max_new_tokens=max_tokens, eos_token_id=list(lm.stop_tokens), pad_token_id=lm.padding_token
    )
    with torch.inference_mode():
        written = lm.model.generate(
            input_ids=tokens.to(lm.device), attention_mask=mask.to(lm.device), generation_config=settings
        )
    return [lm.tokenizer.decode(row, skip_special_tokens=True).strip() for row in written[:, width:]]


def _read(text: str, labels: Sequence[str], parsing: str) -> str | None:
    plain = text.casefold().strip(_AROUND)
    by_word = {label.casefold(): label for label in labels}
    if plain in by_word:
        return by_word[plain]
    if parsing == "exact":
        return None
    if parsing == "contained":
        words = {word.strip(_AROUND) for word in plain.split()}
        found = [label for word, label in by_word.items() if word in words]
        return found[0] if len(found) == 1 else None
    inside = [label for word, label in by_word.items() if word in plain]
    return inside[0] if inside else min(labels, key=lambda label: _edit_distance(plain, label.casefold()))


def _edit_distance(a: str, b: str) -> int:
    """Insertions, deletions and replacements that turn ``a`` into ``b``."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (left != right))
    return row[-1]
