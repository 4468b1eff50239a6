"""What is read of the published files against files in the uniform form that were converted without erckit."""

from __future__ import annotations

import json
import lzma
import re
from pathlib import Path

import pytest

from erckit.conversation import Conversation
from erckit.corpora import corpus_source, corpus_statistics, load_corpus
from erckit.corpora.get_corpus import get_corpus
from erckit.corpora.mappings import find_mapping
from erckit.storage.manifest import file_sha256

# Name to the folder of its converted files.
CORPORA = {
    "topical_chat": "topical_chat",
    "casino": "casino",
    "edos": "edos",
    "xed": "xed_en",
    "empathetic_dialogues": "empathetic_dialogues",
}


def unpack(folder: Path, target: Path) -> Path:
    """The published files; those that are kept packed are unpacked."""
    for path in folder.rglob("*"):
        place = target / path.relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".xz":
            place.with_suffix("").write_bytes(lzma.decompress(path.read_bytes()))
    return target


def content(conversations: tuple[Conversation, ...]) -> dict[str, object]:
    """All that is compared: ids, speakers, texts (however they are spaced), labels, and what else is known."""
    return {
        c.id: (dict(c.meta), [(u.id, u.speaker, spaced(u.text), u.label, u.extra) for u in c.utterances])
        for c in conversations
    }


def spaced(text: str) -> str:
    """A text with single spaces; the conversion of detokenised texts also took the one before 'cause and 'em."""
    return re.sub(r" '(cause|em)\b", r"'\1", re.sub(r"\s+", " ", text))


@pytest.mark.parametrize("name", CORPORA)
def test_the_mapping_is_the_proposed_one(data: Path, name: str) -> None:
    path = data / "everyday_mapping.json"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    proposals = json.loads(path.read_text(encoding="utf-8"))
    proposed = proposals[CORPORA[name]]
    proposed = {**proposals.get(proposed.get("=", ""), {}), **proposed}
    proposed.pop("=", None)
    for target in ("ekman", "everyday"):
        mapping = find_mapping(corpus_source(name).label_set.labels, target)
        assert mapping.pairs == {label: counterpart for label, (counterpart, _) in proposed.items()}
        assert mapping.doubtful == {label for label, (_, strength) in proposed.items() if strength == "weak"}


@pytest.mark.parametrize("name", CORPORA)
def test_both_hold_the_same(data: Path, tmp_path: Path, name: str) -> None:
    folder, converted = data / "raw" / name, data / CORPORA[name]
    if not (folder.is_dir() and converted.is_dir()):
        pytest.skip(f"needs {folder} and {converted}")
    # What is got holds all that is read, and nothing lies in a folder of its own any more.
    got = get_corpus(name, unpack(folder, tmp_path / "published"), tmp_path / "got")
    for file in corpus_source(name).files:
        (path,) = (tmp_path / "published").rglob(file.name)
        assert file_sha256(path) == file.sha256
    published, uniform = load_corpus(name, got), load_corpus(name, converted)
    assert "uniform" in uniform.version
    assert "uniform" not in published.version
    assert set(published.splits) == set(uniform.splits)
    for split in published.splits:
        assert content(published.split(split)) == content(uniform.split(split))
        assert [c.id for c in published.split(split)] == [c.id for c in uniform.split(split)]
    assert not corpus_statistics(published).mismatches()
    assert not corpus_statistics(uniform).mismatches()
