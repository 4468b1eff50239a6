"""Biographies on disk: what an earlier erckit wrote is read, and what is known comes back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from erckit.errors import SpeakerMemoryError
from erckit.memory.biography import Biography
from erckit.memory.store.biography_files import BiographyFiles

KEY = "ab" * 16
OLD = {"namespace": "default", "text": "Warm.", "inputs_hash": "h", "made_by": "me", "time": 5.0}


def _write(folder: Path, value: object) -> BiographyFiles:
    files = BiographyFiles(folder)
    files.write(KEY, "default", Biography("x"))
    (path,) = folder.glob("??/*.json")
    path.write_text(json.dumps(value), encoding="utf-8")
    return files


def test_files_of_an_earlier_version_are_read(tmp_path: Path) -> None:
    assert _write(tmp_path, OLD).read(KEY) == Biography("Warm.", "h", "me", 5.0)


def test_what_is_known_comes_back(tmp_path: Path) -> None:
    files = BiographyFiles(tmp_path)
    before = Biography("Warm.", "g", "me", 4.0, {"a": 2}, 3.5)
    latest = Biography("Warm and quick.", "h", "me", 5.0, {"a": 2, "b": 7}, 4.5, before)
    files.write(KEY, "default", latest)
    assert files.read(KEY) == latest
    files.write(KEY, "default", Biography("Nothing.", conversations={}))
    assert files.read(KEY) == Biography("Nothing.", conversations={})
    assert hash(latest)  # conversations do not keep it out of sets


@pytest.mark.parametrize(
    "change", [{"conversations": [1]}, {"until": "noon"}, {"before": {"text": "x"}}, {"before": 7}]
)
def test_a_broken_file_is_told(tmp_path: Path, change: dict[str, object]) -> None:
    with pytest.raises(SpeakerMemoryError, match="is not a biography"):
        _write(tmp_path, {**OLD, **change}).read(KEY)
