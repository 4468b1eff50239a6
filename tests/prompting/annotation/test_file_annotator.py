"""Ready annotations: found, missing, contradicting, of other data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from erckit.errors import AnnotationError
from erckit.prompting.annotation.annotation_rows import read_rows, rows_of, write_rows
from erckit.prompting.annotation.annotator import open_annotator
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.reports.pages.prompt_page import EXAMPLE

BIOGRAPHIES = [("", "", "Mira works.", "Tom asks.")]
BEHIND = [tuple({"oReact": f"r{i}", "xIntent": f"i{i}"} for i in range(4))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.jsonl"


def test_what_is_written_is_found(path: Path) -> None:
    write_rows(path, rows_of([EXAMPLE], BIOGRAPHIES, True, BEHIND))
    found = open_annotator("file", file=path)
    assert found.biographies([EXAMPLE], BiographySettings()).per_utterance == BIOGRAPHIES
    assert found.characteristics([EXAMPLE]) == BEHIND
    assert found.characteristics([EXAMPLE], ["xIntent"])[0][1] == {"xIntent": "i1"}


def test_missing_ones_are_counted(path: Path) -> None:
    write_rows(path, rows_of([EXAMPLE], BIOGRAPHIES, True, None)[1:])
    with pytest.raises(AnnotationError, match="no biography for 1 utterances, the first being utterance '1'"):
        open_annotator("file", file=path).biographies([EXAMPLE], BiographySettings())
    with pytest.raises(AnnotationError, match="no characteristics oReact, xIntent for 4"):
        open_annotator("file", file=path).characteristics([EXAMPLE])


def test_biographies_that_know_the_future_are_not_taken_for_causal_ones(path: Path) -> None:
    write_rows(path, rows_of([EXAMPLE], BIOGRAPHIES, False, None))
    found = open_annotator("file", file=path)
    with pytest.raises(AnnotationError, match=r"notes.jsonl:1: this biography is not marked as causal"):
        found.biographies([EXAMPLE], BiographySettings())
    written = found.biographies([EXAMPLE], BiographySettings(form="whole_conversation"))
    assert (written.per_utterance, written.is_causal) == (BIOGRAPHIES, False)


def test_other_data_is_noticed(path: Path) -> None:
    write_rows(path, rows_of([EXAMPLE], BIOGRAPHIES, True, None))
    said = tuple(replace(u, speaker="Zoe") for u in EXAMPLE.utterances)
    with pytest.raises(AnnotationError, match=r"notes.jsonl:1: says that 'Mira' speaks.*other data"):
        open_annotator("file", file=path).biographies([replace(EXAMPLE, utterances=said)], BiographySettings())


def test_two_things_of_one_utterance(path: Path) -> None:
    rows = rows_of([EXAMPLE], BIOGRAPHIES, True, None)
    write_rows(path, [*rows, rows[0]])
    open_annotator("file", file=path)
    write_rows(path, [*rows, replace(rows[0], biography="another")])
    with pytest.raises(AnnotationError, match=r"notes.jsonl:5: .* otherwise in line 1"):
        open_annotator("file", file=path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "no JSON object"),
        ("[]", "no JSON object"),
        (json.dumps({"conversation": "c", "utterance": 3, "speaker": "A"}), "'utterance' is 3"),
        (json.dumps({"conversation": "c", "utterance": "3", "speaker": "A", "biography": 1}), "'biography' is 1"),
        (
            json.dumps({"conversation": "c", "utterance": "3", "speaker": "A", "characteristics": {"xFoo": "y"}}),
            "must map elements",
        ),
    ],
)
def test_lines_that_are_none(path: Path, line: str, said: str) -> None:
    path.write_text("\n" + line + "\n")
    with pytest.raises(AnnotationError, match=f"notes.jsonl:2: .*{said}"):
        list(read_rows(path))


def test_files_that_cannot_be_read(path: Path) -> None:
    with pytest.raises(AnnotationError, match="cannot be read"):
        open_annotator("file", file=path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnnotationError, match="not UTF-8"):
        open_annotator("file", file=path)
