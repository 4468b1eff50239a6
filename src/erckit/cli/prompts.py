"""``erckit prompts``: the exact prompts of the language-model systems, without loading a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erckit.cli.command_group import command_app
from erckit.cli.say import say

app = command_app()


@app.command("prompts")
def prompts(
    style: Annotated[
        str | None, typer.Argument(metavar="[STYLE]", help="A prompt style, such as emonet_llm; none lists them.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Show its first conversation; an invented one else.")
    ] = None,
    labels: Annotated[
        str, typer.Option("--labels", metavar="A,B,...", help="Labels to choose from.")
    ] = "joy,sadness,surprise,neutral",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of the style; repeat for more.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE.md", help="Write all styles as a page, and nothing else.")
    ] = None,
) -> None:
    """Show what a language-model system is asked, word by word. Lines that begin with '| ' are questions."""
    from erckit.models.prompts import PROMPT_STYLES, prompt_style

    if page is not None:
        from erckit.reports.pages.prompt_page import prompt_page
        from erckit.storage.atomic import write_text

        write_text(page, prompt_page())
        say(f"wrote {page}")
        return
    if style is None:
        print("\n".join(PROMPT_STYLES))
        return
    from erckit.labels import LabelSet
    from erckit.prompting.prompt.prompt_context import PromptContext
    from erckit.recipe.load_recipe import read_override
    from erckit.reports.pages.prompt_page import EXAMPLE, EXAMPLE_LABELS, example_context, show_prompts

    chosen = prompt_style(style, dict(map(read_override, settings or [])))
    label_set = LabelSet(tuple(label.strip() for label in labels.split(",")))
    if file is not None:
        from erckit.readers.read_conversations import read_conversations

        conversation = read_conversations(file).conversations[0]
        print(show_prompts(chosen, conversation, PromptContext(label_set)))
    else:
        is_own = label_set.labels == EXAMPLE_LABELS.labels
        context = example_context() if is_own else PromptContext(label_set)
        print(show_prompts(chosen, EXAMPLE, context))
