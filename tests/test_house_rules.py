"""Rules of the house that no linter knows."""

import ast
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "src" / "erckit").rglob("*.py"))
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
# Loading with these can run code that somebody put into the file.
# One file reads the pickles in which a corpus is passed on, and lets them name no class or function of their own.
READS_PICKLES = "read_plain_pickle.py"
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file(path: Path) -> None:
    assert _lines(path) <= 600
    parts = {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
    assert not parts & FORBIDDEN_NAMES
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "says nowhere what the file is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported = {alias.name.partition(".")[0] for alias in node.names}
            assert not imported & FORBIDDEN_MODULES or (path.name == READS_PICKLES and imported == {"pickle"})
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            assert _called(node) not in {"eval", "exec", "yaml.load", "yaml.unsafe_load", "torch.load", "torch.save"}
        elif isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
        return f"{node.func.value.id}.{node.func.attr}"
    return ""


def test_the_rule_above_can_fail() -> None:
    calls = [node for node in ast.walk(ast.parse("torch.load(x); eval(y)")) if isinstance(node, ast.Call)]
    assert {_called(call) for call in calls} == {"torch.load", "eval"}


def test_files_are_short() -> None:
    assert statistics.median(_lines(path) for path in FILES) < 150


def test_py_typed_is_there() -> None:
    assert (ROOT / "src" / "erckit" / "py.typed").is_file()
