"""What a cheap import must not drag in: everything heavy is imported when it is used."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "erckit"
HEAVY = {
    "accelerate", "faiss", "huggingface_hub", "matplotlib", "numpy", "pandas", "pyarrow", "pytorch_metric_learning",
    "rich", "safetensors", "scipy", "sklearn", "tokenizers", "torch", "transformers", "typer", "yaml",
}  # fmt: skip


def _loaded(statement: str) -> set[str]:
    code = f"{statement}\nimport json, sys; print(json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "statement",
    [
        "import erckit",
        "from erckit import Conversation, Utterance, LabelSet",
        "from erckit import read_conversations",
        "import erckit.readers, erckit.writers, erckit.storage, erckit.progress, erckit.errors",
        "from erckit.storage import atomic, cache, download, index_package, manifest",
    ],
)
def test_light_imports(statement: str) -> None:
    assert _loaded(statement) & HEAVY == set()


def test_reading_and_writing_stay_light(tmp_path: Path) -> None:
    chat = tmp_path / "chat.txt"
    chat.write_text("Ana: hi\nBen: hello\n")
    statement = (
        "from erckit import read_conversations\n"
        "from erckit.conversation import LabelledConversation, Prediction\n"
        "from erckit.writers import write_csv, write_jsonl\n"
        f"(conversation,) = read_conversations({str(chat)!r}).conversations\n"
        "predictions = tuple(Prediction(u.id, 'A', {'A': 1.0}, False) for u in conversation.utterances)\n"
        "labelled = [LabelledConversation(conversation, predictions)]\n"
        f"write_csv(labelled, {str(tmp_path / 'o.csv')!r}); write_jsonl(labelled, {str(tmp_path / 'o.jsonl')!r})"
    )
    assert _loaded(statement) & HEAVY == set()


@pytest.mark.parametrize("folder", ["readers", "writers", "storage", "."])
def test_lowest_layers_import_nothing_third_party(folder: str) -> None:
    allowed = set(sys.stdlib_module_names) | {"erckit"}
    for path in sorted((SOURCE / folder).glob("*.py")):
        if folder == "." and path.name in ("__main__.py",):
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] in allowed, f"{path}: imports {name} at its top"


def test_public_names_resolve() -> None:
    import erckit

    for name in erckit.__all__:
        assert getattr(erckit, name) is not None
    assert set(erckit._EXPORTS) | {"__version__"} == set(erckit.__all__)
    assert set(erckit.__all__) <= set(dir(erckit))


def test_unknown_public_name() -> None:
    import erckit

    with pytest.raises(AttributeError, match="no_such_thing"):
        erckit.no_such_thing  # noqa: B018


def test_version_is_the_one_of_the_package() -> None:
    import tomllib

    import erckit

    pyproject = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert erckit.__version__ == pyproject["project"]["version"]
