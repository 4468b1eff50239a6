"""``erckit calibration``: what the scores of a result are worth, and which threshold gives a wanted accuracy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from erckit.cli.command_group import command_app
from erckit.cli.say import say

if TYPE_CHECKING:
    from erckit.evaluation.results.result import Result

app = command_app()


@app.command("calibration")
def calibration(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULT...", help="Result files that 'erckit evaluate --json' wrote.")
    ],
    accuracy: Annotated[
        list[float] | None,
        typer.Option(
            "--accuracy", metavar="SHARE", help="Wanted accuracy between 0 and 1, 0.6 and 0.7 if none is given."
        ),
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Write the reliability diagram of one result.")
    ] = None,
    curve: Annotated[
        Path | None, typer.Option("--curve", metavar="FILE", help="Write the risk-coverage curves of all results.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON.")] = None,
    draws: Annotated[
        int, typer.Option("--draws", metavar="N", min=100, help="Bootstrap draws of the 95 % intervals.")
    ] = 2000,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not say which files were written.")] = False,
) -> None:
    """Say what the scores of a result are worth, and which threshold gives a wanted accuracy.

    Prints the calibration error before and after temperature scaling, accuracy by confidence, accuracy on the most
    confident share of utterances, and the largest share on which a wanted accuracy is reached, with the threshold
    that 'erckit label --min-confidence' takes.
    """
    from erckit.cli.label_outputs import check_place
    from erckit.evaluation.calibration.calibration_summary import summarize_calibration
    from erckit.evaluation.results.result import Result

    if png is not None and len(results) > 1:
        raise typer.BadParameter("draws one result; name one, or use --curve for several.", param_hint="--png")
    others = list(results)
    for option, path in (("--png", png), ("--curve", curve), ("--json", json)):
        if path is not None:
            check_place(path, option, others)
            others.append(path)
    levels = tuple(accuracy) if accuracy else (0.6, 0.7)
    loaded = [Result.load(path) for path in results]
    summaries = [summarize_calibration(result, levels, draws) for result in loaded]
    print("\n\n".join("\n".join(summary.lines()) for summary in summaries))
    if png is not None:
        from erckit.reports.figures.reliability import save_reliability_png

        save_reliability_png(loaded[0], png)
        say(f"wrote {png}", quiet)
    if curve is not None:
        from erckit.reports.figures.risk_coverage import save_risk_coverage_png

        save_risk_coverage_png(loaded, curve, names=_names(loaded, results))
        say(f"wrote {curve}", quiet)
    if json is not None:
        import json as json_module

        from erckit.storage.atomic import write_text

        found = [summary.to_dict() for summary in summaries]
        text = json_module.dumps(found[0] if len(found) == 1 else found, indent=2, ensure_ascii=False)
        write_text(json, text + "\n")
        say(f"wrote {json}", quiet)


def _names(results: list[Result], paths: list[Path]) -> list[str]:
    """Names of the systems; where two are the same, the names of the files, then their whole paths."""
    systems = [result.system for result in results]
    for names in (systems, [path.stem for path in paths]):
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in paths]
