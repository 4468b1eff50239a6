"""Every example runs as a user would run it."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from warm_python import WarmPython

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
CONVERSATIONS = sorted((ROOT / "examples" / "conversations").glob("*.txt"))


@pytest.fixture(scope="session")
def bundled_model() -> None:
    """The bundled model can be used: it is there, and so is its backbone."""
    if not (ROOT / "src" / "erckit" / "bundled" / "everyday" / "config.json").is_file():
        pytest.skip("the bundled model is not in this checkout")
    from erckit.backbones.get_backbone import get_backbone
    from erckit.errors import BackboneError

    try:
        get_backbone()
    except BackboneError as error:
        pytest.skip(f"the default backbone cannot be had: {error}")


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(warm_python: WarmPython) -> Run:
    """``run(argument, ...)``: Python with these arguments in the repository's root."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = warm_python.run(*arguments, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        return done

    return call


def test_there_are_examples() -> None:
    assert len(EXAMPLES) + len(NOTEBOOKS) >= 6
    assert NOTEBOOKS
    numbers = [int(path.name.partition("_")[0]) for path in sorted([*EXAMPLES, *NOTEBOOKS])]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(CONVERSATIONS) == 3


@pytest.mark.process
@pytest.mark.usefixtures("bundled_model")
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_example_runs(path: Path, run: Run) -> None:
    assert run(str(path.relative_to(ROOT))).stdout.strip()


@pytest.mark.process
@pytest.mark.usefixtures("bundled_model")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_runs(path: Path, run: Run) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert all(not cell["outputs"] for cell in cells if cell["cell_type"] == "code")
    assert run("-c", "\n".join(code)).stdout.strip()


@pytest.mark.process
@pytest.mark.usefixtures("bundled_model")
def test_readme_example_prints_what_readme_says(run: Run) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code, printed = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL)[
        0
    ]
    assert run("-c", code).stdout == printed


@pytest.mark.process
@pytest.mark.usefixtures("bundled_model")
def test_readme_command_prints_what_readme_says(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ((command, shown),) = re.findall(
        r"^(erckit label .*)\n```\n\nThe last six.*\n\n```text\n([^`]*)^```", readme, re.MULTILINE
    )
    printed = run("-m", *command.split()).stdout.splitlines()
    assert printed[-6:] == shown.splitlines()


@pytest.mark.process
@pytest.mark.usefixtures("bundled_model")
def test_command_line_with_the_bundled_model(tmp_path: Path, run: Run) -> None:
    files = [os.path.relpath(path, ROOT) for path in CONVERSATIONS]
    out, report = tmp_path / "out.csv", tmp_path / "report.html"
    done = run("-m", "erckit", "label", *files, "--history", "all", "-o", str(out), "--report", str(report))
    assert "read 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(out.read_text(encoding="utf-8-sig").splitlines()) == 1 + 14 + 15 + 15
    assert "</html>" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CONVERSATIONS, ids=lambda path: path.stem)
def test_example_conversations_are_whole(path: Path) -> None:
    from erckit import read_conversations

    found = read_conversations(path)
    assert not found.skipped
    assert 10 <= found.utterances <= 16


def test_speakers_recur_across_example_conversations() -> None:
    from erckit import read_conversations

    speakers = [set(c.speakers) for path in CONVERSATIONS for c in read_conversations(path).conversations]
    assert all(any(one & other for other in speakers if other is not one) for one in speakers)
