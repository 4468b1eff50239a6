"""``erckit compare``: which of several results are better, and which cannot be told apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from erckit.cli import options
from erckit.cli.command_group import command_app
from erckit.cli.say import one_line, say

if TYPE_CHECKING:
    from erckit.evaluation.results.result import Result

app = command_app()


@app.command("compare")
def compare(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Result files of one protocol, from 'erckit evaluate'.")
    ],
    metric: Annotated[
        str | None, typer.Option("--metric", metavar="NAME", help="Compare this metric, not the protocol's.")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline", metavar="SYSTEM", help="Compare all with this one (its name or file), not all pairs."
        ),
    ] = None,
    draws: Annotated[
        int | None, typer.Option("--draws", metavar="N", min=1, help="Resamples and random swaps; 2000 or more.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write every number as JSON.")] = None,
    markdown: options.Markdown = None,
    latex: Annotated[Path | None, typer.Option("--latex", metavar="FILE", help="Write the tables as LaTeX.")] = None,
    quiet: options.NoRemarks = False,
) -> None:
    """Compare results of one protocol: differences with intervals and p-values, over whole conversations.

    With one result, tell the smallest difference its test set could show.
    """
    outputs = _check_outputs(files, {"--json": json, "--markdown": markdown, "--latex": latex})
    if metric is not None:
        from erckit.cli.choose import choose
        from erckit.metrics import metric_names

        choose("--metric", metric, metric_names())
    from erckit.evaluation.results.result import Result

    results = [Result.load(file) for file in files]
    if len(results) == 1:
        if outputs or baseline is not None:
            raise typer.BadParameter("one result cannot be compared; name at least two.", param_hint="FILE...")
        print(_alone(results[0], metric))
        return
    from erckit.evaluation.comparison.compare import compare_results
    from erckit.evaluation.comparison.comparison_text import comparison_latex, comparison_markdown, format_comparison
    from erckit.storage.atomic import write_text

    names = _names(results, files)
    comparison = compare_results(
        results, metric, draws, names=names, baseline=_baseline(baseline, names, files) if baseline else None
    )
    print(format_comparison(comparison))
    if json is not None:
        comparison.save(json)
    if markdown is not None:
        write_text(markdown, comparison_markdown(comparison))
    if latex is not None:
        write_text(latex, comparison_latex(comparison))
    for path in outputs:
        say(f"wrote {path}", quiet)


def _check_outputs(files: Sequence[Path], options: dict[str, Path | None]) -> list[Path]:
    from erckit.cli.label_outputs import check_place

    outputs: list[Path] = []
    for option, path in options.items():
        if path is not None:
            check_place(path, option, [*files, *outputs])
            outputs.append(path)
    return outputs


def _names(results: Sequence[Result], files: Sequence[Path]) -> list[str]:
    """As on a leaderboard where that names one result only, else the file, with as much of its folder as is needed."""
    from erckit.evaluation.results.stored_result import StoredResult

    real = [file.resolve() for file in files]
    for place, file in enumerate(real):
        if file in real[:place]:
            raise typer.BadParameter(f"'{files[place]}' is named twice.", param_hint="FILE...")
    stems = [file.stem for file in real]
    for candidates in (
        [one_line(StoredResult(file, result).name) for file, result in zip(files, results, strict=True)],
        stems,
        [f"{file.parent.name}/{file.stem}" for file in real],
    ):
        if len(set(candidates)) == len(candidates):
            return candidates
    return [str(file) for file in files]


def _baseline(baseline: str, names: Sequence[str], files: Sequence[Path]) -> str:
    """The name of the result that ``baseline`` means: a name of the table, or a file."""
    if baseline not in names:
        for name, file in zip(names, files, strict=True):
            if baseline in (str(file), file.stem, file.name):
                return name
    return baseline


def _alone(result: Result, metric: str | None) -> str:
    from erckit.evaluation.comparison.rival_power import rival_power
    from erckit.evaluation.results.summary import protocol_line

    power = rival_power(result, metric)
    low, high = result.metrics["interval_95"][power.metric]
    spread = f" ± {100 * result.sd[power.metric]:.2f}" if power.metric in result.sd else ""
    return "\n".join(
        [
            protocol_line(result),
            f"system: {one_line(result.system)}",
            "",
            f"{power.metric} {100 * result.metrics[power.metric]:.2f}{spread}, "
            f"95 % interval {100 * low:.2f} – {100 * high:.2f}",
            "",
            "Smallest true difference that this test set shows with 80 % power at level 0.05: about "
            f"{100 * power.smallest_difference:.2f} points,",
            f"for single runs of two systems that agree on {100 * power.agreement:.0f} % of the utterances "
            "(the second one simulated).",
            "Name a second result to have it measured.",
        ]
    )
