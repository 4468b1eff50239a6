"""Files of word vectors: text, and the binary formats byte by byte as they are described."""

from __future__ import annotations

import builtins
import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.encoding.vectors import word_vectors as module
from erckit.encoding.vectors.word_vectors import load_word_vectors
from erckit.errors import BackboneError

WORDS = {"red": (1.0, -2.5, 0.125), "Grün": (0.0, 3.0, -1.0), "blue": (7.0, 8.0, 9.0)}


def word2vec_bytes(words: dict[str, tuple[float, ...]] = WORDS) -> bytes:
    """Counts in text, then each word, a space, its floats as the machine has them, and a line end."""
    body = b"".join(word.encode() + b" " + struct.pack("<3f", *numbers) + b"\n" for word, numbers in words.items())
    return f"{len(words)} 3\n".encode() + body


def check(path: Path) -> None:
    found = load_word_vectors(path)
    assert found.table.dtype == np.float32
    np.testing.assert_array_equal(found.table[0], np.zeros(3))
    for word, numbers in WORDS.items():
        np.testing.assert_array_equal(found.table[found.row(word)], numbers)
    assert found.row("RED") == found.row("red") == 1
    assert found.row("pink") == 0


def test_text_with_and_without_counts_and_gzipped(tmp_path: Path) -> None:
    lines = "".join(f"{word} {' '.join(map(str, numbers))}\n" for word, numbers in WORDS.items())
    (tmp_path / "a.txt").write_text(lines, encoding="utf-8")
    (tmp_path / "b.vec").write_text(f"3 3\n{lines}", encoding="utf-8")
    (tmp_path / "c.vec.gz").write_bytes(gzip.compress(f"3 3\n{lines}".encode()))
    for name in ("a.txt", "b.vec", "c.vec.gz"):
        check(tmp_path / name)


@pytest.mark.parametrize("name", ["a.bin", "a.vectors", "a.bin.gz"])
def test_word2vec_binary(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gensim", reason="needs gensim: pip install 'erckit[vectors]'")
    data = word2vec_bytes()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    check(tmp_path / name)
    monkeypatch.setattr(module, "MOST_WORDS", 2)
    assert list(load_word_vectors(tmp_path / name).rows) == ["red", "Grün"]


def test_fasttext_binary(tmp_path: Path) -> None:
    fasttext = pytest.importorskip("gensim.models.fasttext", reason="needs gensim: pip install 'erckit[vectors]'")
    model = fasttext.FastText(vector_size=4, min_count=1, bucket=20, epochs=1, seed=1, workers=1)
    model.build_vocab([["red", "green", "blue"]] * 5)
    fasttext.save_facebook_model(model, str(tmp_path / "a.bin"))
    assert (tmp_path / "a.bin").read_bytes()[:4] == struct.pack("<i", 793712314)
    found = load_word_vectors(tmp_path / "a.bin")
    assert set(found.rows) == {"red", "green", "blue"}
    for word in found.rows:
        np.testing.assert_allclose(found.table[found.row(word)], model.wv[word], atol=1e-6)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    pytest.importorskip("gensim", reason="needs gensim: pip install 'erckit[vectors]'")
    cut = tmp_path / "cut.bin"
    cut.write_bytes(word2vec_bytes()[:-9])
    with pytest.raises(BackboneError, match=r"cut\.bin: is a damaged word2vec file"):
        load_word_vectors(cut)
    (tmp_path / "a.kv").write_bytes(b"\x80\x04\x95")
    with pytest.raises(BackboneError, match=r"a\.kv: is gensim's own format, a pickle.*save_word2vec_format"):
        load_word_vectors(tmp_path / "a.kv")
    with pytest.raises(BackboneError, match=r"none\.txt: No such file"):
        load_word_vectors(tmp_path / "none.txt")
    (tmp_path / "b.txt").write_text("red 1 2\nblue 3\n")
    with pytest.raises(BackboneError, match="line 2 does not hold a word and 2 numbers"):
        load_word_vectors(tmp_path / "b.txt")


def test_without_gensim_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.bin").write_bytes(word2vec_bytes())
    original = builtins.__import__

    def refuse(name: str, *arguments: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "gensim":
            raise ImportError(name)
        return original(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(
        BackboneError, match=r"binary word2vec file, which gensim reads: pip install 'erckit\[vectors\]'"
    ):
        load_word_vectors(tmp_path / "a.bin")
