"""What the README tells people to type exists, and its numbers are those of results/."""

import functools
import importlib.util
import json
import re
import shlex
import statistics
from pathlib import Path
from types import ModuleType

import pytest

from erckit.cli.command_group import COMMANDS
from erckit.cli.main import main

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS_PAGE = ROOT / "docs" / "results" / "results.md"


def _code_lines(language: str) -> list[str]:
    blocks = re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


ERCKIT_LINES = [line for line in _code_lines("bash") if line.startswith("erckit ")]


def test_there_are_commands_to_look_at() -> None:
    assert len(ERCKIT_LINES) >= 5


@pytest.mark.parametrize("line", ERCKIT_LINES)
def test_command_and_options_exist(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line, comments=True)[1:]
    assert words[0] in COMMANDS, line
    path = words[:2] if words[0] in ("corpora", "backbones", "memory") else words[:1]
    assert main([*path, "--help"]) == 0
    known = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", capsys.readouterr().out))
    for word in words:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in known, f"{line}: {word} is no option"


@pytest.mark.parametrize("line", [line for line in _code_lines("bash") if line.startswith("make ")])
def test_make_target_exists(line: str) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert line.split()[1] in targets


def test_files_that_are_linked_exist() -> None:
    for target in re.findall(r"\]\(([^)#\s]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), f"README links to {target}"


def test_python_scripts_exist() -> None:
    for line in _code_lines("bash"):
        if line.startswith("python "):
            assert (ROOT / line.split()[1]).is_file(), line


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_results", ROOT / "scripts" / "readme_results.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module._sections = functools.cache(module._sections)  # both pages show parts of one leaderboard
    return module


@pytest.fixture(scope="module")
def block(script: ModuleType) -> str:
    return script.results_block(ROOT / "results")


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.results
def test_the_results_are_those_of_the_result_files(script: ModuleType, block: str) -> None:
    page = RESULTS_PAGE.read_text(encoding="utf-8")
    assert script.with_results(page, block) == page, "run: python scripts/readme_results.py"
    best = script.best_block(ROOT / "results")
    assert script.with_results(README, best) == README, "run: python scripts/readme_results.py"


def test_the_scores_of_the_bundled_models_are_those_of_their_result_files() -> None:
    rows = re.findall(r"\]\((results/[^)]+\.json)\)[^|]*\| (\d+\.\d\d) \|", README.partition("## Systems")[0])
    assert len(rows) == 2
    for path, score in rows:
        data = json.loads((ROOT / path).read_text(encoding="utf-8"))
        assert f"{100 * data['metrics'][data['protocol']['metric']]:.2f}" == score, path


@pytest.mark.results
def test_the_tables_agree_with_the_files_read_by_hand(block: str) -> None:
    rows = re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \|(.+)\|$", block, flags=re.MULTILINE)
    every = (ROOT / "results").glob("*/*.json")
    # Few-shot and forced-choice results are no classification scores and have a kind of their own.
    scored = (path for path in every if "dedup" not in str(path) and "kind" not in json.loads(path.read_text()))
    files = {str(path.relative_to(ROOT)) for path in scored}
    rows = [(path.removeprefix("../../"), cells) for path, cells in rows]
    assert {path for path, _ in rows} == files
    for path, cells in rows:
        score, _, seeds, *_ = [cell.strip() for cell in cells.split("|")]
        # Not through erckit's own classes: the script would share their mistakes.
        data = json.loads((ROOT / path).read_text(encoding="utf-8"))
        metric = data["protocol"]["metric"]
        wanted = f"{100 * data['metrics'][metric]:.2f}"
        if len(data["runs"]) > 1:
            wanted += f" ± {100 * statistics.stdev(run['metrics'][metric] for run in data['runs']):.2f}"
        assert (score, seeds) == (wanted, str(len(data["runs"]))), path


def test_marks_are_needed(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="results:begin"):
        script.with_results("# no marks", "table")
    once = script.with_results(f"a\n{script.BEGIN}\nold\n{script.END}\nz", "new")
    assert once == f"a\n{script.BEGIN}\nnew\n{script.END}\nz"


def test_output_that_is_quoted_is_what_the_commands_print(capsys: pytest.CaptureFixture[str]) -> None:
    printed = set()
    for line in ERCKIT_LINES:
        words = shlex.split(line, comments=True)[1:]
        if words[0] in ("compare", "calibration"):
            if "--png" in words:
                place = words.index("--png")
                del words[place : place + 2]
            assert main([one if not one.startswith("results/") else str(ROOT / one) for one in words]) == 0
            printed.update(one.rstrip() for one in capsys.readouterr().out.splitlines())
    quoted = re.search(r"From the output of `compare`.*?^```text\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    assert quoted is not None
    assert {line.rstrip() for line in quoted.group(1).splitlines()} <= printed
