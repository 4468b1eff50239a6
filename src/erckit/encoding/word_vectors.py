"""Word vectors from a text file, as GloVe and fastText publish them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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

    Raises:
        BackboneError: No such file, or a line whose numbers do not fit those of the first; the line is named.
    """
    rows: dict[str, int] = {}
    vectors: list[NDArray[np.float32]] = []
    try:
        with open(path, encoding="utf-8") as file:
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
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BackboneError(
            f"{path}: no word vectors that can be read ({reason}). Give a text file with a word and its numbers on "
            "each line, as GloVe (.txt) and fastText (.vec) publish them."
        ) from None
    return WordVectors(rows, np.stack([np.zeros_like(vectors[0]), *vectors]))
