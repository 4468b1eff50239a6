"""Groups of commands that import a command only when it runs and name the nearest one when it is mistyped."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from erckit.errors import nearest

# Command -> (module with its Typer app, one line for `erckit --help`). A new command is a file and a line here.
COMMANDS = {
    "label": ("erckit.cli.label", "Label every utterance of conversation files with an emotion."),
    "stream": ("erckit.cli.stream", "Label utterances as they come: JSON lines in, JSON lines out."),
    "serve": ("erckit.cli.serve", "Serve labels over HTTP, and a page to paste conversations into."),
    "adapt": ("erckit.cli.adapt", "Give a model your own labels from a handful of examples."),
    "train": ("erckit.cli.train", "Train a model from a recipe."),
    "evaluate": ("erckit.cli.evaluate", "Score a model, or train and score a recipe over several seeds."),
    "ablate": ("erckit.cli.ablate", "Train and score every row of an ablation, and write its table."),
    "compare": ("erckit.cli.compare", "Tell which results are better, and which cannot be told apart."),
    "calibration": ("erckit.cli.calibration", "Tell how far a result's scores can be trusted."),
    "emotions": ("erckit.cli.emotions", "Map how near labels lie to each other in a model."),
    "leaderboard": ("erckit.cli.leaderboard", "Tables of results and published scores, one per protocol."),
    "memory": ("erckit.cli.memory", "Look into a speaker memory, forget a speaker, export it."),
    "corpora": ("erckit.cli.corpora", "List, get, describe and check benchmark corpora."),
    "annotate": ("erckit.cli.annotate", "Write biographies of speakers, or what lies behind utterances."),
    "prompts": ("erckit.cli.prompts", "Show the exact prompts of a language-model system."),
    "export": ("erckit.cli.export", "Write the adapter of a language-model system for peft and vLLM."),
    "backbones": ("erckit.cli.backbones", "List and get pretrained encoders."),
}


class NearestGroup(TyperGroup):
    """A group that answers an unknown command with the nearest known one."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command ``args`` begin with; exits with code 2 and the nearest name when there is none."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            ctx.fail(f"no command '{args[0]}'. {nearest(args[0], known)}")
        return super().resolve_command(ctx, args)


class LazyGroup(NearestGroup):
    """The top group: knows its commands by name and imports the one that runs."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands, in the order of ``COMMANDS``."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return one command, or None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        return typer.main.get_command(import_module(COMMANDS[cmd_name][0]).app)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands from the table alone, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


def command_app(help: str | None = None) -> typer.Typer:
    """A Typer app with the settings every erckit command shares: plain, fast help and no completion options."""
    return typer.Typer(
        cls=NearestGroup,
        help=help,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
