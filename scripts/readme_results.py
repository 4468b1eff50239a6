"""Write the tables of docs/results/results.md and the five best systems of README from the files in results/.

python scripts/readme_results.py           # writes the tables between the marks of both pages
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
# The protocol of README's table and how many systems it shows.
BEST_PROTOCOL, BEST = "emorynlp/test", 5
# Beside the protocol's own metric.
ALSO = ("accuracy", "macro_f1", "macro_f1_no_neutral")
_POWER = "Smallest true difference"


def results_block(folder: Path, prefix: str = "../../") -> str:
    """The tables of all protocols in a results folder, as Markdown; variants of a split stand on the leaderboard only.

    Args:
        folder: Result files in the layout ``<protocol>/<system>.json``.
        prefix: Path from the page to the folder that holds ``folder``, with a slash at its end.
    """
    sections, files = _sections(folder)
    return "\n\n".join("\n".join(_table(section, files, f"{prefix}{folder.name}")) for section in sections)


def best_block(folder: Path) -> str:
    """The best systems of one protocol, as Markdown.

    Args:
        folder: Result files in the layout ``<protocol>/<system>.json``.
    """
    sections, files = _sections(folder)
    (section,) = [section for section in sections if section.protocol == BEST_PROTOCOL and not section.mapping]
    return "\n".join(_table(section, files, folder.name, BEST))


def _sections(folder: Path) -> tuple[list[LeaderboardSection], dict[int, str]]:
    stored = load_results([folder])
    files = {id(result.result): result.path.relative_to(folder).as_posix() for result in stored}
    board = build_leaderboard(stored, with_published=False)
    return [section for section in board.sections if not section.protocol.endswith(DEDUP)], files


def with_results(page: str, block: str) -> str:
    """A page with ``block`` between the marks.

    Raises:
        ValueError: A mark is missing.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The page needs the lines '{BEGIN}' and '{END}', in this order.")
    return f"{before}{BEGIN}\n{block}\n{END}{after}"


def _table(section: LeaderboardSection, files: dict[int, str], folder: str, most: int | None = None) -> Iterator[str]:
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
    also = [] if most else [name for name in ALSO if name != section.metric]
    header = ["system", section.metric, "95 % interval", "seeds", "group", "selected on", *also]
    yield f"| {' | '.join(header)} |"
    yield "|---|---|---|---|---|---|" + "---|" * len(also)
    for row in section.rows[:most]:
        link = f"[{row.name}]({folder}/{files[id(row.result)]})"
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
    parser.add_argument("--page", type=Path, default=ROOT / "docs" / "results" / "results.md")
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 when something is out of date")
    arguments = parser.parse_args()
    blocks = {arguments.readme: best_block(arguments.results), arguments.page: results_block(arguments.results)}
    for path, block in blocks.items():
        text = path.read_text(encoding="utf-8")
        written = with_results(text, block)
        if written == text:
            print(f"{path.name} is up to date")
        elif arguments.check:
            sys.exit(f"{path.name} is out of date; run: python scripts/readme_results.py")
        else:
            write_text(path, written)
            print(f"wrote {path.name}")


if __name__ == "__main__":
    main()
