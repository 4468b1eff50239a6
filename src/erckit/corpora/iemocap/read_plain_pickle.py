"""Read a pickle that holds plain values only, and let no other one do anything."""

from __future__ import annotations

import math
import pickle
import re
from pathlib import Path
from typing import Any

from erckit.errors import CorpusError

_ARRAY = object()  # stands for the class numpy.ndarray, which a pickle names but must not call
_NUMBERS_OR_TEXTS = re.compile(r"[biufSU]\d{1,5}")


def read_plain_pickle(path: Path) -> Any:
    """The value of a pickle of lists, dicts, tuples, sets, texts, numbers and numpy arrays of them.

    Arrays come back as lists (of lists), numbers of numpy as those of Python: what a pickle says of a numpy type is
    never given to numpy itself, which would believe it even where it makes numbers out to be addresses.

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
    return {
        ("builtins", "set"): set,
        ("builtins", "frozenset"): frozenset,
        ("numpy", "ndarray"): _ARRAY,
        ("numpy", "dtype"): _Type,
        ("numpy.core.multiarray", "_reconstruct"): _EmptyArray(),
        ("numpy.core.multiarray", "scalar"): _Scalar(),
        ("_codecs", "encode"): _Latin1(),
    }


class _Type:
    """What a pickle says of a numpy type: its code and the order of its bytes, the rest is not believed."""

    def __init__(self, code: str, align: object = False, copy: object = False) -> None:
        if not isinstance(code, str) or not (code in ("O", "O8") or _NUMBERS_OR_TEXTS.fullmatch(code)):
            raise ValueError(f"an array of '{code!s:.20}'")
        self.code, self.order = code, "="

    def __setstate__(self, state: Any) -> None:
        if state[1] not in ("<", ">", "|", "="):
            raise ValueError(f"a byte order '{state[1]!s:.20}'")
        self.order = state[1]

    @property
    def holds_objects(self) -> bool:
        return self.code.startswith("O")

    def values(self, content: bytes | str, shape: tuple[int, ...]) -> Any:
        """Plain values out of bytes, nested as the shape says."""
        import numpy as np

        if self.holds_objects:
            raise ValueError("bytes that are objects")
        data = content.encode("latin1") if isinstance(content, str) else content
        flat = np.frombuffer(data, dtype=np.dtype(self.order + self.code))
        if math.prod(max(size, 1) for size in shape) > max(len(flat), 1):  # (2 ** 28, 0) is nothing, a great many times
            raise ValueError(f"an array of the shape {shape} for {len(flat)} values")
        return flat.reshape(shape)


class _Array(list[Any]):
    """An array as a list; its content comes as its state."""

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, is_fortran, content = state
        if kind.holds_objects:
            if len(shape) != 1 or not isinstance(content, list):
                raise ValueError("an array of objects that is no row")
            self[:] = content
            return
        ordered = kind.values(content, tuple(shape)[::-1]).T if is_fortran else kind.values(content, tuple(shape))
        self[:] = ordered.tolist()

    def __reduce_ex__(self, protocol: Any) -> Any:  # a copy is an ordinary list
        return list, (list(self),)


# What a pickle calls stands in objects without attributes: it may set those of whatever it is given.
class _EmptyArray:
    __slots__ = ()

    def __call__(self, kind: object, shape: object, code: object) -> _Array:
        if kind is not _ARRAY:
            raise ValueError("an array of a class of its own")
        return _Array()


class _Scalar:
    __slots__ = ()

    def __call__(self, kind: _Type, content: bytes | str) -> Any:
        (value,) = kind.values(content, (1,)).tolist()
        return value


class _Latin1:
    """Bytes as Python 3 writes them into the old protocols."""

    __slots__ = ()

    def __call__(self, text: str, encoding: str) -> bytes:
        if encoding not in ("latin1", "latin-1"):
            raise ValueError(f"a text in '{encoding!s:.20}'")
        return text.encode("latin1")
