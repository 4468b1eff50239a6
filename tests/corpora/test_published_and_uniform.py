"""What is read of the published files against files in the uniform form that were converted without erckit."""

from __future__ import annotations

import lzma
import re
from pathlib import Path

import pytest

from erckit.conversation import Conversation
from erckit.corpora import corpus_statistics, load_corpus

# Name to the folder of its converted files.
CORPORA = {"topical_chat": "topical_chat", "casino": "casino", "edos": "edos", "xed": "xed_en"}


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
def test_both_hold_the_same(data: Path, tmp_path: Path, name: str) -> None:
    folder, converted = data / "raw" / name, data / CORPORA[name]
    if not (folder.is_dir() and converted.is_dir()):
        pytest.skip(f"needs {folder} and {converted}")
    published, uniform = load_corpus(name, unpack(folder, tmp_path)), load_corpus(name, converted)
    assert "uniform" in uniform.version
    assert "uniform" not in published.version
    assert set(published.splits) == set(uniform.splits)
    for split in published.splits:
        assert content(published.split(split)) == content(uniform.split(split))
        assert [c.id for c in published.split(split)] == [c.id for c in uniform.split(split)]
    assert not corpus_statistics(published).mismatches()
    assert not corpus_statistics(uniform).mismatches()
