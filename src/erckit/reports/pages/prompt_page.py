"""The page ``docs/prompts.md``: the exact prompt of every style for an invented conversation."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from erckit.models.prompts import PROMPT_STYLES, prompt_style
from erckit.prompting.annotation.biography_request import growing_request, whole_request
from erckit.prompting.annotation.characteristic_request import characteristic_request
from erckit.prompting.annotation.elements import ELEMENTS
from erckit.prompting.engines.request import Request
from erckit.reports.pages.prompt_example import EXAMPLE, example_context
from erckit.reports.pages.show_prompts import branched, show_prompts

_INTRODUCTION = """# Prompts

Written by `erckit prompts --page docs/prompts.md`; change the style, not this page.

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
