"""Run an ablation: every row over all seeds, and the table anew after every finished row."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from erckit.errors import SettingError
from erckit.evaluation.ablation.ablation_plan import AblationPlan, AblationRow
from erckit.evaluation.ablation.ablation_result import Ablation, compare_rows
from erckit.evaluation.ablation.ablation_table import latex_table, markdown_table
from erckit.evaluation.results.result import Result
from erckit.evaluation.run.seeds import evaluate_recipe
from erckit.progress import duration_text
from erckit.storage.atomic import write_text

if TYPE_CHECKING:
    from erckit.corpora import Corpus


def run_ablation(
    plan: AblationPlan,
    corpus: Corpus,
    split: str,
    seeds: Sequence[int],
    out: str | Path,
    *,
    rows: Sequence[str] = (),
    draws: int = 2000,
    quiet: bool = False,
    report: Callable[[str], None] | None = None,
    after_row: Callable[[Ablation], None] | None = None,
) -> Ablation:
    """Train and score every row of a plan over all seeds.

    A row's runs are kept in ``out/<row>/seed-<k>/``; rows with the same recipe share one folder. After every finished
    row ``ablation.json``, ``ablation.md`` and ``ablation.tex`` are written anew. A call that was interrupted goes on
    where it stopped. Rows that are not chosen but finished, by an earlier call or another process, are in the table.

    Args:
        plan: See ``load_ablation``.
        corpus: All rows are trained, selected and scored on it.
        split: The split to score.
        seeds: Distinct whole numbers.
        out: Folder of the ablation.
        rows: Names, folder names or numbers of the rows to run; none for all.
        draws: Resamples of the intervals and tests.
        quiet: No progress of the trainings.
        report: Called with a line on where the work is, before every training.
        after_row: Called with the table after every finished row, and at the end.

    Returns:
        The table.

    Raises:
        SettingError: No such row, or seeds that are not distinct.
        ErckitError: ``out`` holds runs of other settings.
    """
    seeds, folder = [int(seed) for seed in seeds], Path(out)
    if not seeds or len(set(seeds)) != len(seeds):
        raise SettingError(f"seeds must be distinct and at least one, got {seeds}; for instance 1, 2, 3, 4, 5.")
    wanted = [plan.find(name) for name in rows] or list(plan.rows)
    chosen = list({(same := plan.trained_as(row)).slug: same for row in wanted}.values())
    results: dict[str, Result] = {}

    def missing(row: AblationRow) -> list[int]:
        return [seed for seed in seeds if not (folder / row.slug / f"seed-{seed}" / f"{split}.json").exists()]

    def run(row: AblationRow, before_seed: Callable[[int], None] | None = None) -> None:
        results[row.name] = evaluate_recipe(
            row.recipe, corpus, split, seeds, folder / row.slug, draws=draws, quiet=quiet, before_seed=before_seed
        )

    def write() -> Ablation:
        for row in plan.rows:
            if row.name not in results and plan.trained_as(row) is row and not missing(row):
                run(row)
        ablation = compare_rows(plan, results, draws)
        write_text(folder / "ablation.json", ablation.to_json())
        write_text(folder / "ablation.md", markdown_table(ablation))
        write_text(folder / "ablation.tex", latex_table(ablation))
        if after_row is not None:
            after_row(ablation)
        return ablation

    to_do, started = sum(len(missing(row)) for row in chosen), time.monotonic()
    for number, row in enumerate(chosen, 1):
        if not missing(row):
            continue
        place = f"row {number} of {len(chosen)} ({row.name})"

        def tell(seed: int, place: str = place) -> None:
            if report is not None:
                left = sum(len(missing(row)) for row in chosen)
                done, seconds = to_do - left, time.monotonic() - started
                when = f"about {duration_text(seconds / done * left)} left" if done > 0 else "time left: not known yet"
                report(f"{place}, seed {seeds.index(seed) + 1} of {len(seeds)}; {_count(left)} to go, {when}")

        run(row, tell)
        write()
    return write()


def _count(runs: int) -> str:
    return f"{runs} run" + ("" if runs == 1 else "s")
