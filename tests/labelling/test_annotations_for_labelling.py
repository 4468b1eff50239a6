"""Labelling with an LLM system that was trained with ready annotations, or with a server that is not there any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.errors import AnnotationError, SettingError
from erckit.labelling import Labeler
from erckit.prompting.annotation import lenient_annotator
from erckit.prompting.annotation.annotation_rows import rows_of, write_rows


@pytest.fixture(scope="module")
def chats(ruled_corpus: Callable[..., Any]) -> tuple[Any, ...]:
    """Of nobody's corpus: their ids are in no file of it."""
    return tuple(replace(c, id=f"mine {c.id}", meta={}) for c in ruled_corpus(6).split("test")[:3])


@pytest.fixture(autouse=True)
def _untold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lenient_annotator, "_TOLD", set())


def _written(path: Path, conversations: Any, word: str = "red") -> Path:
    rows = [[f"{u.speaker} likes {word}" for u in c.utterances] for c in conversations]
    write_rows(path, rows_of(conversations, rows, True, None))
    return path


@pytest.fixture(scope="module")
def folder(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """BiosERC that was not trained, with the biographies of a file."""
    from erckit.training.train import train

    corpus, out = ruled_corpus(6), tmp_path_factory.mktemp("annotated")
    file = _written(out / "corpus.jsonl", [c for split in ("train", "dev") for c in corpus.split(split)])
    recipe = llm_recipe(
        style={"biographies": "causal"},
        context={"engine": {"kind": "file", "file": str(file)}},
        training={"llm": {"is_trained": False}},
    )
    return train(recipe, corpus, out / "run", quiet=True)


def _logits(folder: Path, chats: Any, **options: Any) -> np.ndarray:
    return np.concatenate(Labeler.from_pretrained(folder, precision="fp32", **options).logits(chats))


def test_conversations_that_the_file_lacks_have_none_and_one_note_says_so(
    folder: Path, chats: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    labeler = Labeler.from_pretrained(folder, precision="fp32")
    blank = np.concatenate(labeler.logits(chats))
    labeler.logits(chats)
    notes = [line for line in capsys.readouterr().err.splitlines() if line.startswith("note:")]
    assert len(notes) == 1
    assert "3 of 3 conversations are labelled without biographies" in notes[0]
    assert "corpus.jsonl: no biography" in notes[0]
    assert "--annotations A.jsonl" in notes[0]
    plain: Any = Labeler.from_pretrained(folder, precision="fp32")
    without = plain._system.builder.style.settings
    plain._system.builder.style.settings = replace(without, biographies="none")
    np.testing.assert_array_equal(blank, np.concatenate(plain.logits(chats)))


def test_another_file_can_be_named(
    folder: Path, chats: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blank = _logits(folder, chats)
    capsys.readouterr()
    whole = _logits(folder, chats, annotations=_written(tmp_path / "a.jsonl", chats))
    assert capsys.readouterr().err == ""
    other = _logits(folder, chats, annotations=_written(tmp_path / "b.jsonl", chats, "cars"))
    assert np.abs(whole - blank).max() > 1e-4
    assert np.abs(whole - other).max() > 1e-4
    half = _logits(folder, chats, annotations=_written(tmp_path / "c.jsonl", chats[:1]))
    first = len(chats[0])
    np.testing.assert_allclose(half[:first], whole[:first], atol=1e-5)  # those that are there are shown
    np.testing.assert_allclose(half[first:], blank[first:], atol=1e-5)
    assert "2 of 3 conversations" in capsys.readouterr().err


def test_results_are_not_measured_without_them(folder: Path, chats: Any, ruled_corpus: Callable[..., Any]) -> None:
    with pytest.raises(AnnotationError, match="no biography for"):
        _logits(folder, chats, keeps_vectors=True)
    assert len(_logits(folder, ruled_corpus(6).split("dev"), keeps_vectors=True))


def test_a_server_that_is_gone(chats: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from erckit.prompting.annotation.annotator import open_annotator
    from erckit.prompting.annotation.biography_settings import BiographySettings

    def gone() -> Any:
        return open_annotator("endpoint", model="m", url="http://127.0.0.1:9/v1", cache=tmp_path / "c.jsonl", tries=1)

    writer = lenient_annotator.LenientAnnotator(gone, "endpoint", False)
    who = chats[0].speakers[0]
    written = writer.biographies(chats[:1], BiographySettings(first=1, every=1), known={who: "Known before."})
    assert written.per_utterance == [tuple("Known before." if u.speaker == who else "" for u in chats[0].utterances)]
    assert not written.last
    assert "without biographies" in capsys.readouterr().err
    assert writer.characteristics(chats[:1], ["oReact"]) == [tuple({} for _ in chats[0].utterances)]


def test_annotations_that_nobody_reads_are_refused(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], trained_folder: Path, tmp_path: Path
) -> None:
    from erckit.training.train import train

    recipe = llm_recipe("last_utterance", training={"llm": {"is_trained": False}})
    plain = train(recipe, ruled_corpus(6), tmp_path, quiet=True)
    with pytest.raises(SettingError, match="show no annotations"):
        Labeler.from_pretrained(plain, annotations="a.jsonl")
    with pytest.raises(SettingError, match="is no LLM system"):
        Labeler.from_pretrained(trained_folder, annotations="a.jsonl")
