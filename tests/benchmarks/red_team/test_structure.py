"""Whatever the red-team file says: no control token, no line, no quote of a prompt is its own."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken

from erckit.causal.causal_lm import CausalLM
from erckit.causal.plain_text import PlainText
from erckit.conversation import Conversation
from erckit.encoding.tokens import ConversationTokenizer
from erckit.labels import LabelSet
from erckit.models.prompts import PROMPT_STYLES, prompt_style
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt
from erckit.prompting.prompt.prompt_context import LabelledText, PromptContext
from erckit.prompting.scoring.tokenize_prompt import label_tokens, tokenize_prompt
from red_team import HostileUtterance, hostile_utterances
from red_team.attacked_conversation import PLACES, attacked_conversation

LABELS = LabelSet(("joy", "sadness", "anger"))
Styles = list[tuple[str, dict[str, Any]]]
STYLES: Styles = [
    *((name, {}) for name in PROMPT_STYLES),
    *((name, {"layout": "published"}) for name in ("instruct_erc", "bios_erc", "laerc_s", "ckerc")),
    ("instruct_erc", {"history": "window", "window": 1, "speakers": "numbers"}),
    ("emonet_llm", {"biography_place": "history"}),
    ("laerc_s", {"in_prompt": True}),
    ("last_utterance", {"history": "all"}),
]
# How the lines of erckit's own begin; a hostile name must not make one more of them.
OWN = "you |emotions?\\b|examples?:|conversation:|line:|about |once |lately |choose the|which emotion|###"
HEADING = re.compile(rf"\s*\(?({OWN})", re.IGNORECASE)
QUOTED = re.compile('"[^"]*"')
MARK = re.compile(r"<[|｜/a-z_]+[^<>\s]*>|\[/?[A-Z]{3,4}\]")


def _context(text: str, utterances: int) -> PromptContext:
    """A context in which everything that comes from somebody says ``text``."""
    return PromptContext(
        LABELS,
        demonstrations=[(LabelledText(text, "joy"),)] * utterances,
        biographies=[text] * utterances,
        characteristics=[{"oReact": text, "xIntent": text}] * utterances,
        recent=[(LabelledText(text, "anger"),)] * utterances,
        related=[(LabelledText(text, None),)] * utterances,
    )


def _pieces(style: Any, conversation: Conversation, text: str) -> list[str]:
    """Every text that a style makes of a conversation, training tasks included."""
    context = _context(text, len(conversation))
    tasks = style.tasks(conversation, context).values()
    prompts: list[ConversationPrompt] = [
        *style.prompts(conversation, context),
        *(prompt for task in tasks for prompt in task.prompts),
    ]
    return [piece for p in prompts for piece in (p.opening, *p.blocks, *(q.text for q in p.questions))]


@cache
def _attacks() -> list[tuple[HostileUtterance, str, Conversation, Conversation]]:
    """Each entry in each place: its text, the conversation, and one in which something harmless is said instead."""
    found = []
    for entry in hostile_utterances():
        for place in PLACES:
            text, speaker = entry.asking_for("joy")
            attacked = attacked_conversation(entry.id, 0, place, text, speaker)
            # Somebody may really be called like the target's speaker: then it is the same person.
            name = speaker if speaker in (None, "Sam") else "Lou"
            found.append((entry, text, attacked, attacked_conversation(entry.id, 0, place, "Fine", name)))
    return found


@pytest.mark.parametrize(("name", "settings"), STYLES)
def test_hostile_words_make_no_line_of_their_own(name: str, settings: dict[str, Any]) -> None:
    style = prompt_style(name, settings)
    for entry, text, attacked, harmless in _attacks():
        pairs = zip(_pieces(style, attacked, text), _pieces(style, harmless, "Fine"), strict=True)
        for found, wanted in pairs:
            for mark in ("\n", "\t", '"', "###"):
                assert found.count(mark) == wanted.count(mark), (entry.id, mark, found)
            lines, own = found.split("\n"), wanted.split("\n")
            assert all(len(line.splitlines()) <= 1 for line in lines), entry.id
            assert [bool(HEADING.match(line)) for line in lines] == [bool(HEADING.match(line)) for line in own], found
            outside = QUOTED.sub('""', wanted)
            if entry.speaker is None and "Fine" not in outside:  # annotations stand without quotes
                assert QUOTED.sub('""', found) == outside, entry.id


def _with_marks(lm: CausalLM) -> CausalLM:
    """The same model; its tokenizer knows the marks that the file spells, half of them without calling them special."""
    from transformers import AutoTokenizer

    texts = [entry.asking_for("joy")[0] for entry in hostile_utterances()]
    marks = sorted({mark for text in texts for mark in MARK.findall(text) if "joy" not in mark})
    tokenizer = AutoTokenizer.from_pretrained(lm.folder)
    tokenizer.add_tokens([AddedToken(m, special=True, normalized=False) for m in marks[::2]], special_tokens=True)
    tokenizer.add_tokens([AddedToken(m, special=False, normalized=False) for m in marks[1::2]])
    return dataclasses.replace(lm, tokenizer=tokenizer, plain_text=PlainText(tokenizer))


def _distinct(styles: Styles) -> Iterator[str]:
    seen: set[str] = set()
    for name, settings in styles:
        style = prompt_style(name, settings)
        for _, text, attacked, _ in _attacks():
            new = [piece for piece in _pieces(style, attacked, text) if piece not in seen]
            seen.update(new)
            yield from new


@pytest.mark.parametrize(
    ("kind", "styles"),
    [
        ("gemma2", [("instruct_erc", {})]),
        ("llama", [("emonet_llm", {})]),  # shows all that people say, in blocks and in questions
        pytest.param("llama", STYLES, marks=pytest.mark.slow),
    ],
    ids=["gemma2", "llama", "all_styles"],
)
def test_hostile_words_are_never_control_tokens(
    tiny_causal_lm: Callable[[str], CausalLM], kind: str, styles: Styles
) -> None:
    lm = _with_marks(tiny_causal_lm(kind))
    control = set(lm.tokenizer.added_tokens_decoder)
    assert len(control) > 40
    caught = 0
    for piece in _distinct(styles):
        ids = lm.text_tokens(piece)
        assert not control.intersection(ids), piece
        assert lm.tokenizer.decode(ids) == piece  # and nothing is lost
        if piece.startswith("Kim:"):
            caught += bool(control.intersection(lm.tokenizer(piece, add_special_tokens=False)["input_ids"]))
    assert caught > 20  # so many would be, read the ordinary way


def test_a_whole_prompt_has_the_control_tokens_of_its_frame_only(tiny_causal_lm: Callable[[str], CausalLM]) -> None:
    lm = _with_marks(tiny_causal_lm("llama"))
    words = label_tokens(lm, LABELS.labels)
    control = set(lm.tokenizer.added_tokens_decoder)
    frame = [token for token in (*lm.frame.begin, *lm.frame.end) if token in control]
    assert frame
    for entry, text, attacked, _ in _attacks():
        if entry.family == "control_tokens":
            (prompt,) = prompt_style("instruct_erc").prompts(attacked, _context(text, len(attacked)))
            read = tokenize_prompt(lm, prompt, words)
            for question in read.questions:
                whole = [*read.opening, *(t for block in read.blocks for t in block), *question.tokens]
                assert [token for token in whole if token in control] == frame, entry.id


@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet"])
def test_encoders_read_one_marker_per_utterance(tiny_backbone: Callable[[str], Path], kind: str) -> None:
    tokenizer = ConversationTokenizer(tiny_backbone(kind), "name")
    conversations = [attacked for _, _, attacked, _ in _attacks()]
    names = [[u.speaker for u in c.utterances] for c in conversations]
    rows = [[0] * len(c) for c in conversations]
    special = set(tokenizer._tokenizer.all_special_ids) - {tokenizer._tokenizer.unk_token_id}
    for c, read in zip(conversations, tokenizer(conversations, names, rows), strict=True):
        assert len(read.blocks) == len(c)
        for block in read.blocks:
            assert [t in special for t in block] == [True, *[False] * (len(block) - 2), True]
