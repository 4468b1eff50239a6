"""Write the tables of README's results from the files in results/.

python scripts/readme_results.py           # writes the tables between the two marks
python scripts/readme_results.py --check   # says whether they are up to date

One table per protocol, as `erckit leaderboard results` sorts them; letters come from the same comparison.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from erckit.corpora.variants import DEDUP
from erckit.evaluation.leaderboard.leaderboard import LeaderboardSection, build_leaderboard
from erckit.evaluation.leaderboard.leaderboard_row import LeaderboardRow
from erckit.evaluation.results.selection import selection_words
from erckit.evaluation.results.stored_result import load_results
from erckit.storage.atomic import write_text

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
# Beside the protocol's own metric.
ALSO = ("accuracy", "macro_f1", "macro_f1_no_neutral")
_POWER = "Smallest true difference"


def results_block(folder: Path) -> str:
    """The tables of all protocols in a results folder, as Markdown; variants of a split stand on the leaderboard only.

    Args:
        folder: Result files in the layout ``<protocol>/<system>.json``.
    """
    stored = load_results([folder])
    files = {id(one.result): one.path for one in stored}
    board = build_leaderboard(stored, with_published=False)
    return "\n\n".join(
        "\n".join(_table(section, files, folder)) for section in board.sections if not section.protocol.endswith(DEDUP)
    )


def with_results(readme: str, block: str) -> str:
    """README with ``block`` between the marks.

    Raises:
        ValueError: A mark is missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README needs the lines '{BEGIN}' and '{END}', in this order.")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def _table(section: LeaderboardSection, files: dict[int, Path], folder: Path) -> Iterator[str]:
    mapped = f" mapped to {section.mapping}" if section.mapping else ""
    facts = [f"{section.conversations:,} conversations", f"{section.utterances:,} utterances"]
    facts.append(f"{len(section.labels)} labels")
    if section.left_out:
        facts.append(f"{section.left_out:,} utterances with other labels left out")
    shown = [note.rpartition(": ")[2].rstrip(".") for note in section.notes if _POWER in note]
    if shown:
        facts.append(f"smallest difference it can show: {shown[0]}")
    yield f"**`{section.protocol}`{mapped}** · {' · '.join(facts)}"
    yield ""
    also = [name for name in ALSO if name != section.metric]
    header = ["system", section.metric, "95 % interval", "seeds", "group", "selected on", *also]
    yield f"| {' | '.join(header)} |"
    yield "|---|---|---|---|---|---|" + "---|" * len(also)
    for row in section.rows:
        path = files[id(row.result)]
        link = f"[{row.name}]({folder.name}/{path.relative_to(folder).as_posix()})"
        cells = [link, _score(row), _interval(row), str(row.runs), " ".join(row.letters) or "–"]
        cells += [selection_words(row.result.protocol), *(_percent(row.result.metrics[name]) for name in also)]
        yield f"| {' | '.join(cells)} |"


def _score(row: LeaderboardRow) -> str:
    return _percent(row.score) + ("" if row.sd is None else f" ± {_percent(row.sd)}")


def _interval(row: LeaderboardRow) -> str:
    return "–" if row.interval is None else " – ".join(map(_percent, row.interval))


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f}"


def main() -> None:
    """Write the tables, or tell whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when something is out of date")
    arguments = parser.parse_args()
    readme = arguments.readme.read_text(encoding="utf-8")
    wanted = with_results(readme, results_block(arguments.results))
    if wanted == readme:
        print(f"{arguments.readme.name} is up to date")
    elif arguments.check:
        sys.exit(f"{arguments.readme.name} is out of date; run: python scripts/readme_results.py")
    else:
        write_text(arguments.readme, wanted)
        print(f"wrote {arguments.readme.name}")


if __name__ == "__main__":
    main()
