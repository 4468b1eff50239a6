"""The page ``docs/systems/prompts.md``: the exact prompt of every style for an invented conversation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from erckit.conversation import Conversation, Utterance
from erckit.labels import LabelSet
from erckit.models.prompts import PROMPT_STYLES, prompt_style
from erckit.prompting.annotation.biography_request import growing_request, whole_request
from erckit.prompting.annotation.characteristic_request import characteristic_request
from erckit.prompting.annotation.elements import ELEMENTS
from erckit.prompting.engines.request import Request
from erckit.prompting.prompt.conversation_prompt import ConversationPrompt
from erckit.prompting.prompt.prompt_context import LabelledText, PromptContext
from erckit.prompting.prompt.prompt_style import PromptStyle

EXAMPLE = Conversation(
    "example",
    (
        Utterance("1", "Mira", "They offered me the job!", label="joy"),
        Utterance("2", "Tom", "The one in Oslo?", label="surprise"),
        Utterance("3", "Mira", "Yes. I start in March.", label="joy"),
        Utterance("4", "Tom", "So you have already said yes.", label="sadness"),
    ),
)
EXAMPLE_LABELS = LabelSet(("joy", "sadness", "surprise", "neutral"), neutral="neutral")

_BIOGRAPHIES = ("", "", "Mira wants to work abroad and says what she thinks.", "Tom has known Mira for years.")
_RECENT: tuple[tuple[LabelledText, ...], ...] = (
    (),
    (),
    (LabelledText("They offered me the job!", "joy", 0),),
    (LabelledText("I had the worst day.", "sadness"), LabelledText("The one in Oslo?", "surprise", 1)),
)
_RELATED: tuple[tuple[LabelledText, ...], ...] = ((), (), (), (LabelledText("You never asked me.", "sadness"),))
_FOUND = (
    LabelledText("I passed the exam!", "joy"),
    LabelledText("Which one do you mean?", "neutral"),
    LabelledText("We leave on Monday.", "joy"),
    LabelledText("You have decided without me.", "sadness"),
)
_BEHIND = (
    {"oReact": "surprised, maybe left behind", "xIntent": "to share good news"},
    {"oReact": "ready to explain", "xIntent": "to be sure of what he heard"},
    {"oReact": "a little lost", "xIntent": "to make it definite"},
    {"oReact": "guilty", "xIntent": "to say that he was not asked"},
)


def example_context(label_set: LabelSet = EXAMPLE_LABELS) -> PromptContext:
    """What the prompts of ``EXAMPLE`` are given: all of it invented."""
    return PromptContext(
        label_set,
        demonstrations=tuple((one,) for one in _FOUND),
        biographies=_BIOGRAPHIES,
        characteristics=_BEHIND,
        recent=_RECENT,
        related=_RELATED,
    )


_SHOWN = 3  # prompts of one conversation, where every utterance has its own


def show_prompts(style: PromptStyle, conversation: Conversation, context: PromptContext) -> str:
    """All prompts of a conversation; lines of a question begin with ``| ``.

    A prompt that serves the whole conversation is shown once, each question after the last line it sees. Otherwise the
    last prompts are shown, each as the model reads it.
    """
    prompts = style.prompts(conversation, context)
    if style.shares_prefix:
        return branched(prompts[0])
    shown = prompts[-_SHOWN:]
    left = len(prompts) - len(shown)
    return "\n\n".join([*([f"({left} before these)"] if left else []), *(_alone(prompt) for prompt in shown)])


def branched(prompt: ConversationPrompt) -> str:
    """A shared prompt, each question after the last block it sees, marked."""
    parts = [prompt.opening, *_questions(prompt, 0)]
    for place, block in enumerate(prompt.blocks, start=1):
        parts += [block, *_questions(prompt, place)]
    return _joined(parts)


def _questions(prompt: ConversationPrompt, sees: int) -> list[str]:
    found = []
    for question in prompt.questions:
        if question.sees == sees:
            answers = f"   <- {' | '.join(question.answers)}" if question.answers else ""
            marked = "\n".join(f"| {line}" for line in question.text.splitlines())
            found.append(f"\n{marked}{answers}\n")
    return found


def _alone(prompt: ConversationPrompt) -> str:
    return "\n".join(prompt.separate(question) for question in prompt.questions)


def _joined(parts: Sequence[str]) -> str:
    """Parts one after the other; a line break that a part begins with is not doubled."""
    out = ""
    for part in parts:
        out += part[1:] if part.startswith("\n") and (out.endswith("\n") or not out) else part
    return out.rstrip("\n")


_INTRODUCTION = """# Prompts

Written by `erckit prompts --page docs/systems/prompts.md`; change the style, not this page.

Below is every prompt that the language-model systems of erckit use, word by word, for an invented conversation of four
utterances. Nothing else is sent to the model, apart from the model's own chat frame (its control tokens before the
opening and after the question).

- Lines that begin with `| ` are the **question** about the line above them. All else is shared: it is read once for the
  whole conversation. A question sees what stands above it, never another question, never a later line.
- After a question the labels are scored (`joy`, `sadness`, ...; with a space in front where the model has no chat
  frame). Nothing is generated, unless `--answers generate` asks for answers in words.
- What people say stands on one line in double quotes; double quotes inside become single ones. What looks like a
  control token of a model is read as letters.
- `history: window` or, where the published order needs it, `layout: published` gives each utterance a prompt of its
  own. That costs more: the beginning is then read again for every utterance.
- The wording is erckit's own; the order of the parts follows the papers where `layout: published` is set.
- `wording: 1` ends questions with `at the end of the conversation`, as they were at first. Models that were trained
  with these words are asked with them: a model folder says which wording it has; one that does not has the first.
"""

_ANNOTATIONS = """## Annotations

What `erckit annotate` asks a language model, on this machine (`--engine local`) or at any OpenAI-compatible address
(`--engine endpoint --url http://localhost:8000/v1 --model NAME`; a key comes from the environment variable
`ERCKIT_ENDPOINT_KEY` and is sent over https or to this machine only). `--engine extract` asks nobody: it quotes what
the speaker said. Answers are kept in the cache folder under `annotations/`, one file per model; they can name people
and say what they are like, so delete the file when a person is to be forgotten. The embedded 135 M model writes fluent
descriptions that are mostly invented: use `extract`, or a larger model.

The first paragraph is the system message. Biographies of a split take in what was said in the splits that the protocol
lets it remember, never anything later in the story.
"""

_VARIANTS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "instruct_erc": ({}, {"layout": "published", "history": "window", "speakers": "numbers"}),
    "bios_erc": (
        {},
        {"biography_place": "history"},
        {
            "layout": "published",
            "history": "window",
            "window": 5,
            "window_after": 5,
            "biographies": "whole_conversation",
        },
    ),
    "laerc_s": ({}, {"layout": "published", "history": "window"}),
    "ckerc": ({"commonsense": "both"},),
    "emonet_llm": ({}, {"recent_texts": True}, {"biography_place": "history", "recent": 2, "related": 0}),
    "last_utterance": ({},),
}


def prompt_page() -> str:
    """The page as Markdown."""
    return "\n".join([_INTRODUCTION, *_styles(), *_annotations()]).rstrip("\n") + "\n"


def _styles() -> Iterator[str]:
    for name in PROMPT_STYLES:
        style = prompt_style(name)
        first = (inspect.getdoc(type(style)) or "").partition("\n")[0]
        yield f"## {name}\n\n{first}\n"
        for settings in _VARIANTS.get(name, ({},)):
            style = prompt_style(name, settings)
            shown = ", ".join(f"`{key}: {value}`" for key, value in settings.items()) or "default settings"
            notes = [] if style.is_causal else ["**not causal**: knows what is said later"]
            if not style.shares_prefix:
                notes.append("one prompt per utterance; the last ones are shown")
            yield f"{_capital(shown)}{''.join(f'; {note}' for note in notes)}:\n"
            yield _block(show_prompts(style, EXAMPLE, example_context()))
        for task in prompt_style(name, _VARIANTS.get(name, ({},))[0]).tasks(EXAMPLE, example_context()).values():
            how = "the answer is learnt" if task.how == "write" else "one of the answers is chosen"
            yield f"Training task `{task.name}` ({how}):\n"
            yield _block("\n\n".join(branched(prompt) for prompt in task.prompts))


def _annotations() -> Iterator[str]:
    yield _ANNOTATIONS
    mira = [utterance.text for utterance in EXAMPLE.utterances if utterance.speaker == "Mira"]
    yield "A biography, first version (causal):\n"
    yield _request(growing_request("Mira", "", mira[:1], 60))
    yield "A later version (causal): the version before, and what was said since:\n"
    yield _request(growing_request("Mira", "Mira is looking for work.", mira, 60))
    yield "A biography from the whole conversation (published, not causal):\n"
    yield _request(whole_request("Mira", EXAMPLE, 250))
    yield "A characteristic (`oReact`, of the third utterance):\n"
    yield _request(characteristic_request(EXAMPLE, 2, "oReact", 12))
    phrases = "\n".join(f"- `{element}`: {phrase.format('Mira')}" for element, phrase in ELEMENTS.items())
    yield f"The nine elements:\n\n{phrases}\n"


def _request(request: Request) -> str:
    return _block(f"{request.system}\n\n{request.user}")


def _block(text: str) -> str:
    return f"```text\n{text.replace(chr(9), '<tab>')}\n```\n"


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
