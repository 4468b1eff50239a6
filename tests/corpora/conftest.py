from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from erckit.corpora import Corpus, corpus_source, load_corpus
from erckit.corpora.find_layout import find_layout

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that ask for a real corpus bear the mark ``corpora``."""
    for item in items:
        if {"data", "real"} & set(getattr(item, "fixturenames", ())) and item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.corpora)


@pytest.fixture
def data() -> Path:
    """The folder of real corpora, which is not part of the repository."""
    named = os.environ.get("ERCKIT_DATA")
    if not named or not (Path(named) / "emorynlp" / "train.jsonl").is_file():
        pytest.skip("needs the corpora; set ERCKIT_DATA to the folder they lie in")
    return Path(named)


@cache
def _load(name: str, folder: Path) -> Corpus:
    return load_corpus(name, folder)


@pytest.fixture
def real() -> Callable[[str], Corpus]:
    """Loads a real corpus, once for all tests; skips the test where it is not on this machine."""

    def load(name: str) -> Corpus:
        found = find_layout(corpus_source(name))
        if found is None:
            pytest.skip(f"needs the corpus '{name}', which is not on this machine; set ERCKIT_DATA")
        return _load(name, next(iter(found[1].values())).parent)

    return load
