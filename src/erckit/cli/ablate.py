"""``erckit ablate``: train and score every row of an ablation, and write its table and picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app
from erckit.cli.say import say

if TYPE_CHECKING:
    from erckit.evaluation.ablation.ablation_result import Ablation

app = command_app()


@app.command("ablate")
def ablate(
    ablation: Annotated[
        str, typer.Argument(metavar="ABLATION", help="An ablation file, or a packaged one such as emonet/ablation.")
    ],
    seeds: Annotated[
        int, typer.Option("--seeds", metavar="N", min=1, help="Train every row with the seeds 1 to N.")
    ] = 5,
    split: options.Split = "test",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for the trainings, the table, the picture."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one value in all rows; may be repeated."),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option("--rows", metavar="NAME", help="Run this row only (name or number); may be repeated."),
    ] = None,
    corpus: options.OtherCorpus = None,
    source: options.Source = None,
    draws: Annotated[
        int, typer.Option("--draws", metavar="N", min=100, help="Resamples of the intervals and tests.")
    ] = 2000,
    list_rows: Annotated[bool, typer.Option("--list", help="Show the rows and train nothing.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Train and score every row of an ablation over several seeds.

    The table is written anew after every row: ablation.json, .md, .tex and .png. What is finished is kept: the same
    command resumes.
    """
    from erckit.evaluation.ablation.ablation_plan import load_ablation

    plan = load_ablation(ablation, settings or [], corpus=corpus)
    chosen = [name for given in rows or [] for name in plan.split_names(given)]
    if list_rows:
        print("\n".join(plan.lines()))
        return
    if out is None:
        raise typer.BadParameter("name the folder for the trainings and the table, or use --list.", param_hint="--out")
    if out.exists() and not out.is_dir():
        raise typer.BadParameter(f"'{out}' is a file. Name a folder.", param_hint="--out")
    from importlib.util import find_spec

    # Asked before hours of training, not after.
    has_pictures = find_spec("matplotlib") is not None
    if not has_pictures:
        say("no picture: matplotlib is missing. Install it with: pip install 'erckit[report]'.", quiet)
    from erckit.evaluation.ablation.ablation import run_ablation
    from erckit.evaluation.ablation.ablation_table import markdown_table
    from erckit.recipe.recipe_corpus import recipe_corpus

    data = recipe_corpus(plan.base, source)
    data.split(split)  # a mistyped split is told now

    def draw(found: Ablation) -> None:
        if has_pictures:
            from erckit.reports.figures.ablation_figure import save_ablation_png

            save_ablation_png(found, out / "ablation.png")

    found = run_ablation(
        plan,
        data,
        split,
        range(1, seeds + 1),
        out,
        rows=chosen,
        draws=draws,
        quiet=quiet,
        report=lambda line: say(line, quiet),
        after_row=draw,
    )
    print(markdown_table(found), end="")
    written = ["json", "md", "tex", *(["png"] if has_pictures else [])]
    say("wrote " + ", ".join(str(out / f"ablation.{kind}") for kind in written), quiet)
