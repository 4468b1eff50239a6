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
from erckit.memory.biography import Biography
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
    from erckit.training.run import train

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
    without = plain.system.system.builder.style.settings
    plain.system.system.builder.style.settings = replace(without, biographies="none")
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
    written = writer.biographies(
        chats[:1], BiographySettings(first=1, every=1), known={who: Biography("Known before.")}
    )
    assert written.per_utterance == [tuple("Known before." if u.speaker == who else "" for u in chats[0].utterances)]
    assert not written.last
    assert "without biographies" in capsys.readouterr().err
    assert writer.characteristics(chats[:1], ["oReact"]) == [tuple({} for _ in chats[0].utterances)]


class _Server:
    """An engine that refuses what names a word, and may be gone altogether."""

    name = title = "server"
    at_once = 4

    def __init__(self, refused: str, is_gone: bool = False) -> None:
        self.refused, self.is_gone, self.asked = refused, is_gone, 0

    def complete(self, requests: Any, temperature: float, leave: Any = None) -> Any:
        from erckit.prompting.engines.request import Completion, Failure

        for place, request in enumerate(requests):
            if leave is not None and leave(request) <= 0:
                return
            self.asked += 1
            fails = self.is_gone or self.refused in request.user
            yield place, Failure("content filter", True) if fails else Completion("wants to be kind to all", 10)


def _lenient(engine: _Server, path: Path) -> Any:
    from erckit.prompting.annotation.model_annotator import ModelAnnotator
    from erckit.prompting.engines.answer_cache import AnnotationCache

    return lenient_annotator.LenientAnnotator(lambda: ModelAnnotator(engine, AnnotationCache(path, "m")), "x", False)


def test_one_refusal_costs_one_conversation(chats: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    word = "unspeakable"
    said = [replace(chats[1].utterances[0], text=word), *chats[1].utterances[1:]]
    asked = [chats[0], replace(chats[1], utterances=tuple(said)), chats[2]]
    found = _lenient(_Server(word), tmp_path / "c.jsonl").characteristics(asked, ["oReact"])
    assert [all(one) for one in found] == [True, False, True]
    assert not any(found[1])
    note = capsys.readouterr().err
    assert "1 of 3 conversations are labelled without characteristics" in note
    assert "content filter" in note


def test_what_is_kept_is_shown_when_the_server_is_gone(
    chats: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from erckit.prompting.annotation.biography_settings import BiographySettings

    settings = BiographySettings(scope="conversation", first=1, every=1)
    path, ready = tmp_path / "c.jsonl", _Server("\0")
    wanted = _lenient(ready, path).characteristics(chats[:2], ["oReact"])
    biographies = _lenient(ready, path).biographies(chats[:2], settings).per_utterance
    gone = _Server("", is_gone=True)
    assert _lenient(gone, path).characteristics(chats, ["oReact"]) == [*wanted, tuple({} for _ in chats[2].utterances)]
    written = _lenient(gone, path).biographies(chats, settings)
    assert written.per_utterance == [*biographies, ("",) * len(chats[2])]
    assert set(written.lacking) == {2}
    assert capsys.readouterr().err.count("1 of 3 conversations are labelled without") == 2
    assert gone.asked <= 2 * 4


def test_annotations_that_nobody_reads_are_refused(
    llm_recipe: Callable[..., Any], ruled_corpus: Callable[..., Any], trained_folder: Path, tmp_path: Path
) -> None:
    from erckit.training.run import train

    recipe = llm_recipe("last_utterance", training={"llm": {"is_trained": False}})
    plain = train(recipe, ruled_corpus(6), tmp_path, quiet=True)
    with pytest.raises(SettingError, match="show no annotations"):
        Labeler.from_pretrained(plain, annotations="a.jsonl")
    with pytest.raises(SettingError, match="is no LLM system"):
        Labeler.from_pretrained(trained_folder, annotations="a.jsonl")
