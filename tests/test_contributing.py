"""The examples of docs/contributing/ work as they stand on the page."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from erckit.cli.main import main
from erckit.corpora import load_corpus
from erckit.corpora.known_corpora import CORPORA
from erckit.labelling import Labeler
from erckit.models import MODELS
from erckit.readers import read_conversations
from erckit.readers.reader_table import READERS

PAGES = Path(__file__).resolve().parents[1] / "docs" / "contributing"


@pytest.fixture
def page_module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """``page_module("add_a_reader")``: the page's Python as an importable module of that name."""

    def make(page: str) -> ModuleType:
        (code,) = re.findall(
            r"^```python\n(.*?)^```", (PAGES / f"{page}.md").read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
        module = ModuleType(page)
        monkeypatch.setitem(sys.modules, page, module)
        exec(compile(code, f"{page}.md", "exec"), module.__dict__)
        return module

    return make


def test_the_reader_reads(
    page_module: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page_module("add_a_reader")
    monkeypatch.setitem(READERS, "minutes", "add_a_reader:MinutesReader")
    (tmp_path / "may.txt").write_text("Ana> Good morning\nBen> Hello\n\nAna> Again?\n", encoding="utf-8")
    report = read_conversations(tmp_path / "may.txt", format="minutes")
    assert [[u.text for u in c.utterances] for c in report.conversations] == [["Good morning", "Hello"], ["Again?"]]


def test_the_corpus_is_read_and_scored(
    page_module: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page_module("add_a_corpus")
    monkeypatch.setitem(CORPORA, "meetings", "add_a_corpus:MEETINGS")
    folder = tmp_path / "meetings"
    folder.mkdir()
    for split in ("train", "dev", "test"):
        blocks = [f"Ana\tcalm\tlovely day {split} {i}\nBen\tcross\tnot again {split} {i}" for i in range(8)]
        (folder / f"{split}.tsv").write_text("\n\n".join(blocks), encoding="utf-8")
    monkeypatch.setenv("ERCKIT_DATA", str(tmp_path))
    assert len(load_corpus("meetings").splits["test"]) == 8
    assert main(["evaluate", "baseline/majority", "--corpus", "meetings"]) == 0


@pytest.mark.trains
def test_the_system_is_trained_and_streamed(
    page_module: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    tiny_recipe: Callable[..., Any],
    tiny_corpus: Any,
) -> None:
    from erckit.training.train import train

    page_module("add_a_model")
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(MODELS, "conversation_gru", "add_a_model:ConversationGru")
    recipe = tiny_recipe({"name": "conversation_gru", "conversation_gru": {"hidden": 8}}, {"epochs": 1})
    labeler = Labeler.from_pretrained(train(recipe, tiny_corpus, tmp_path / "run", quiet=True), precision="fp32")
    conversation = tiny_corpus.splits["dev"][0]
    stream = labeler.stream("again")
    for utterance, prediction in zip(
        conversation.utterances, labeler.label([conversation])[0].predictions, strict=True
    ):
        streamed = stream.add(utterance.speaker, utterance.text)
        assert streamed.scores == pytest.approx(prediction.scores, abs=1e-4)
