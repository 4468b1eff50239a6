"""``erckit leaderboard``: results and published scores, one table per protocol, as Markdown and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app
from erckit.cli.say import say

app = command_app()


@app.command("leaderboard")
def leaderboard(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT_OR_FOLDER...", help="Result files, or folders that hold some.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write leaderboard.md and leaderboard.html into this folder."),
    ] = None,
    markdown: options.Markdown = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with charts and sortable tables.")
    ] = None,
    title: Annotated[str, typer.Option("--title", metavar="TEXT", help="Heading.")] = "Leaderboard",
    published: Annotated[
        bool, typer.Option("--published/--no-published", help="Show scores that others published.")
    ] = True,
    groups: Annotated[
        bool, typer.Option("--groups/--no-groups", help="Compare the systems of each table; takes seconds per table.")
    ] = True,
    quiet: options.NoRemarks = False,
) -> None:
    """Sort results into one table per protocol, with the published scores of the same protocol below.

    Without --out, --markdown or --html the tables are printed as Markdown. Results of another corpus, split, labels,
    mapping or metric never share a table.
    """
    markdown = markdown or (out / "leaderboard.md" if out is not None else None)
    html = html or (out / "leaderboard.html" if out is not None else None)
    _check_places(results, out, markdown, html)
    from erckit.evaluation.leaderboard.leaderboard import build_leaderboard
    from erckit.evaluation.results.stored_result import load_results

    board = build_leaderboard(load_results(results), with_published=published, with_groups=groups)
    if markdown is None and html is None:
        from erckit.reports.leaderboard.markdown import leaderboard_markdown

        print(leaderboard_markdown(board, title), end="")
    if markdown is not None:
        from erckit.reports.leaderboard.markdown import leaderboard_markdown
        from erckit.storage.atomic import write_text

        write_text(markdown, leaderboard_markdown(board, title))
        say(f"wrote {markdown}", quiet)
    if html is not None:
        from erckit.reports.leaderboard.page import write_leaderboard_page

        write_leaderboard_page(board, html, title)
        say(f"wrote {html}", quiet)


def _check_places(results: list[Path], out: Path | None, markdown: Path | None, html: Path | None) -> None:
    from erckit.cli.label_outputs import check_place

    if out is not None and out.exists() and not out.is_dir():
        raise typer.BadParameter(f"'{out}' is a file. Name a folder.", param_hint="--out")
    taken = list(results)
    for option, path in (("--markdown", markdown), ("--html", html)):
        if path is not None:
            check_place(path, option, taken)
            taken.append(path)
