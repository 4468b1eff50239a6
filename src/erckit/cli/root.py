"""The top of the command line: ``erckit --help``, ``erckit --version`` and the table of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from erckit.cli.command_group import LazyGroup

app = typer.Typer(
    cls=LazyGroup,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)


@app.callback()
def erckit(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Emotion recognition in conversation: label, train, compare."""
    if version:
        from erckit import __version__

        print(f"erckit {__version__}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
