"""Read a pickle that holds plain values only, and let no other one do anything."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from erckit.errors import CorpusError

_ARRAY = object()  # stands for the class numpy.ndarray, which a pickle names but must not call


def read_plain_pickle(path: Path) -> Any:
    """The value of a pickle of lists, dicts, tuples, sets, texts, numbers and numpy arrays of them.

    A pickle is a program: to load one from elsewhere is to run it. This reader looks up no class and no
    function but the few that rebuild those values, so a pickle that names any other one is refused before
    anything of it runs. Texts of Python 2 are read as Latin-1.

    Raises:
        CorpusError: Not a pickle, broken, or one that names something else.
    """
    try:
        with path.open("rb") as file:
            return _PlainUnpickler(file, encoding="latin1").load()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror or error}). Check the path.") from None
    except _RefusedError as error:
        raise CorpusError(
            f"{path}: names {error}, which plain values do not need; a pickle can run any program, so it is refused. "
            "Get the file from its authors again."
        ) from None
    except Exception as error:  # the opcodes of a broken pickle may fail in any way
        raise CorpusError(f"{path}: is not a readable pickle ({error!s:.80}). Get the file again.") from None


class _RefusedError(Exception):
    """What a pickle named."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        # NumPy 2 moved numpy.core to numpy._core, Python 3 __builtin__ to builtins; files know either.
        place = module.replace("numpy._core", "numpy.core").replace("__builtin__", "builtins")
        try:
            return _allowed()[place, name]
        except KeyError:
            raise _RefusedError(f"'{module}.{name}'") from None


def _allowed() -> dict[tuple[str, str], Any]:
    import numpy as np

    return {
        ("builtins", "set"): set,
        ("builtins", "frozenset"): frozenset,
        ("numpy", "ndarray"): _ARRAY,
        ("numpy", "dtype"): _dtype,
        ("numpy.core.multiarray", "_reconstruct"): _empty_array,
        ("numpy.core.multiarray", "scalar"): _scalar(np),
        ("_codecs", "encode"): _latin1,
    }


def _empty_array(kind: object, shape: object, code: object) -> Any:
    import numpy as np

    if kind is not _ARRAY:
        raise ValueError("an array of a class of its own")
    return np.empty((0,), dtype="b")  # its state, which follows, gives it shape and content


def _dtype(code: str, align: object = False, copy: object = False) -> Any:
    import numpy as np

    if not isinstance(code, str) or not code.isalnum():
        raise ValueError(f"an array of '{code!s:.20}'")
    return np.dtype(code)


def _scalar(np: Any) -> Callable[..., Any]:
    def scalar(dtype: Any, data: bytes | str) -> Any:
        if dtype.hasobject:
            raise ValueError("a number that is an object")
        content = data.encode("latin1") if isinstance(data, str) else data
        return np.frombuffer(content, dtype=dtype, count=1)[0]

    return scalar


def _latin1(text: str, encoding: str) -> bytes:
    """Bytes as Python 3 writes them into the old protocols."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"a text in '{encoding!s:.20}'")
    return text.encode("latin1")
