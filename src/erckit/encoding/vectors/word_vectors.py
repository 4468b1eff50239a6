"""Word vectors from a file, as GloVe, word2vec and fastText publish them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from erckit.encoding.vectors.binary_word_vectors import binary_format, read_binary
from erckit.errors import BackboneError

MOST_WORDS = 200_000  # files are sorted by frequency; what follows is names and misspellings


@dataclass(frozen=True, slots=True)
class WordVectors:
    """Words and their vectors.

    Args:
        rows: Row of each word, from 1 on; row 0 is for words that the file lacks.
        table: Vectors, (words + 1, E); row 0 is zero.
    """

    rows: dict[str, int]
    table: NDArray[np.float32]

    def row(self, word: str) -> int:
        """Row of a word as it is written, else of its lower-case form, else 0."""
        return self.rows.get(word) or self.rows.get(word.lower(), 0)


def load_word_vectors(path: Path) -> WordVectors:
    """Read ``word number number ...`` lines; a first line with the two counts (fastText, word2vec) is passed over.

    Binary files of word2vec and fastText are read by gensim.

    Raises:
        BackboneError: No such file, a line whose numbers do not fit those of the first (the line is named), or a
            binary file that gensim cannot read or is not there to read.
    """
    try:
        kind = binary_format(path)
    except OSError as error:
        raise BackboneError(f"{path}: {error.strerror or error}. Check the spelling of the path.") from None
    if kind is not None:
        return _from_binary(path, kind)
    rows: dict[str, int] = {}
    vectors: list[NDArray[np.float32]] = []
    try:
        with _open_text(path) as file:
            for number, line in enumerate(file, start=1):
                word, _, rest = line.rstrip("\n").partition(" ")
                if number == 1 and len(rest.split()) == 1:
                    continue
                vector = np.array(rest.split(), dtype=np.float32)
                if len(vector) < 2 or (vectors and len(vector) != len(vectors[0])) or not np.isfinite(vector).all():
                    raise ValueError(
                        f"line {number} does not hold a word and {len(vectors[0]) if vectors else 'its'} numbers"
                    )
                if word not in rows:
                    rows[word] = len(vectors) + 1
                    vectors.append(vector)
                if len(vectors) == MOST_WORDS:
                    break
        if not vectors:
            raise ValueError("it is empty")
    except (OSError, EOFError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BackboneError(
            f"{path}: no word vectors that can be read ({reason}). Give a text file with a word and its numbers on "
            "each line, as GloVe (.txt) and fastText (.vec) publish them."
        ) from None
    return WordVectors(rows, np.stack([np.zeros_like(vectors[0]), *vectors]))


def _from_binary(path: Path, kind: str) -> WordVectors:
    words, table = read_binary(path, kind, MOST_WORDS)
    rows: dict[str, int] = {}
    for number, word in enumerate(words, start=1):
        rows.setdefault(word, number)
    return WordVectors(rows, np.concatenate([np.zeros_like(table[:1]), table]))


def _open_text(path: Path) -> TextIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return open(path, encoding="utf-8")
