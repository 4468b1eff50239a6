"""Word vectors from a file, as GloVe, word2vec and fastText publish them."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from erckit.errors import BackboneError

_FASTTEXT = (793712314).to_bytes(4, "little")  # how a fastText model file begins
_PICKLE = b"\x80"  # how gensim's own files begin
_HEADER = re.compile(rb"\d+ (\d+)\r?\n")
_TEXT_BYTES = bytes({*range(32, 127), 9, 10, 13})


def binary_format(path: Path) -> str | None:
    """``word2vec``, ``fasttext`` or ``gensim`` for a file that is not text, else None; gzipped files are looked into.

    Raises:
        OSError: The file cannot be read.
    """
    start = _start(path)
    if start.startswith(_FASTTEXT):
        return "fasttext"
    if start.startswith(_PICKLE):
        return "gensim"
    header = _HEADER.match(start)
    if header is None:
        return None
    # Written as text, the numbers of the first vector take at least two printable bytes each.
    numbers = start[header.end() :].partition(b" ")[2][: 2 * int(header[1]) - 1]
    return "word2vec" if numbers.translate(None, _TEXT_BYTES) else None


def read_binary(path: Path, kind: str, most: int) -> tuple[list[str], NDArray[np.float32]]:
    """Words in the order of the file, and their vectors, (words, E).

    Args:
        path: The file.
        kind: What :func:`binary_format` says it is.
        most: Words that are kept, the first ones.

    Raises:
        BackboneError: gensim is missing, the file is damaged, or it is one of gensim's own, which are pickles.
    """
    if kind == "gensim":
        raise BackboneError(
            f"{path}: is gensim's own format, a pickle, which can run code when it is opened. Save the vectors "
            "in gensim with 'vectors.save_word2vec_format(\"vectors.txt\")' and name that file."
        )
    try:
        from gensim.models import KeyedVectors
        from gensim.models.fasttext import load_facebook_vectors
    except ImportError:
        raise BackboneError(
            f"{path}: is a binary {kind} file, which gensim reads: pip install 'erckit[vectors]'. Or give a text file "
            "(.txt, .vec)."
        ) from None
    try:
        if kind == "fasttext":
            vectors = load_facebook_vectors(str(path))
        else:
            vectors = KeyedVectors.load_word2vec_format(
                str(path), binary=True, limit=most, unicode_errors="replace", datatype=np.float32
            )
    except Exception as error:  # gensim raises whatever its parsing runs into
        raise BackboneError(f"{path}: is a damaged {kind} file ({error}). Get it again.") from None
    table = np.asarray(vectors.vectors[:most], dtype=np.float32)
    if not np.isfinite(table).all():
        raise BackboneError(f"{path}: holds vectors with numbers that are not finite. Get it again.")
    return list(vectors.index_to_key[:most]), table


def _start(path: Path) -> bytes:
    with open(path, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            file.seek(0)
            return file.read(65536)
    with gzip.open(path, "rb") as packed:
        return packed.read(65536)


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
