"""Word vectors in the binary formats of word2vec and fastText, read by gensim."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

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
