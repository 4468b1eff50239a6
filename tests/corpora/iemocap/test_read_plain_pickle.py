from __future__ import annotations

import os
import pickle
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.corpora.iemocap.read_plain_pickle import read_plain_pickle
from erckit.errors import CorpusError

GRID = np.arange(6, dtype="f4").reshape(2, 3)
PLAIN = [1, 2.5, "a\u00e4", None, True, (1, [2]), {"x": {1, 2}, "y": frozenset("ab")}]
VALUES: list[tuple[Any, Any]] = [
    (PLAIN, PLAIN),
    (
        {"scalar": np.int64(3), "float": np.float32(0.5), "array": GRID},
        {"scalar": 3, "float": 0.5, "array": GRID.tolist()},
    ),
    ([np.array(["ab", "c"]), np.array([True, False])], [["ab", "c"], [True, False]]),
    (
        [np.asfortranarray(GRID), GRID.astype(">f8"), np.array(["a", 1], object)],
        [GRID.tolist(), GRID.tolist(), ["a", 1]],
    ),
]


@pytest.mark.parametrize(("value", "wanted"), VALUES)
@pytest.mark.parametrize("protocol", range(5))
def test_plain_values_come_back(tmp_path: Path, value: Any, wanted: Any, protocol: int) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(value, protocol))
    assert read_plain_pickle(path) == wanted


class _Tampered:
    """A numpy type that says it holds no objects, and does: numpy would take bytes of the file for addresses."""

    def __reduce__(self) -> Any:
        fields = {"a": (np.dtype("O"), 0)}
        return np.dtype, ("V8", False, True), (3, "|", None, ("a",), fields, 8, 1, 0)


def test_a_type_that_lies_about_its_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(_Tampered()))
    assert not pickle.loads(path.read_bytes()).hasobject  # numpy itself believes it
    with pytest.raises(CorpusError, match="not a readable pickle"):
        read_plain_pickle(path)


def test_texts_of_python_2(tmp_path: Path) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(b"\x80\x02]q\x00(U\x03hapq\x01U\x02\xe9\x92q\x02c__builtin__\nset\nq\x03]q\x04K\x01a\x85Rq\x05e.")
    assert read_plain_pickle(path) == ["hap", "\xe9\x92", {1}]


class _Runs:
    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [1, {"a": x}], lambda x: np.array([x, 1], dtype=object)])
def test_a_pickle_that_runs_a_program_does_not(tmp_path: Path, protocol: int, wrap: Any) -> None:
    mark = tmp_path / "it-ran"
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(wrap(_Runs(os.system, f"touch {mark}")), protocol))
    with pytest.raises(CorpusError, match=r"x\.pkl: names 'posix\.system'.*is refused"):
        read_plain_pickle(path)
    assert not mark.exists()
    pickle.loads(path.read_bytes())  # the same bytes do run where nobody refuses
    assert mark.exists()


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (eval, ("1",)),
        (getattr, ([], "append")),
        (np.load, ("x",)),
        (np.ndarray, ((3,),)),
        (open, ("x", "w")),
        (__import__, ("os",)),
        (type, ("X", (), {})),
    ],
)
def test_nothing_else_is_called(tmp_path: Path, function: Any, arguments: Any) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(pickle.dumps(_Runs(function, *arguments)))
    with pytest.raises(CorpusError, match=r"refused|not a readable pickle"):
        read_plain_pickle(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        b"\x80\x04",
        b"\x80\x04P1\n.",
        b"c_codecs\nencode\n(S'x'\nS'rot13'\ntR.",
        b"cnumpy\ndtype\n(S'i4,(99999)O'\ntR.",
        b"(" * 50,
        b"\x82\x01.",
    ],
)
def test_broken_pickles(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"x\.pkl: is not a readable pickle"):
        read_plain_pickle(path)
    with pytest.raises(CorpusError, match="cannot be read"):
        read_plain_pickle(tmp_path / "y.pkl")


@pytest.mark.parametrize(
    "name", ["_codecs encode", "numpy.core.multiarray scalar", "numpy.core.multiarray _reconstruct"]
)
@pytest.mark.parametrize("key", ["__defaults__", "__name__", "__dict__", "__call__", "__class__", "mine"])
def test_a_pickle_does_not_change_the_reader(tmp_path: Path, name: str, key: str) -> None:
    """BUILD sets attributes of what it is given, by way of its dictionary or one by one."""
    module, function = name.split()
    for state in (b"}X%sX\x01\x00\x00\x00xs", b"N}X%sX\x01\x00\x00\x00xs\x86"):
        text = len(key).to_bytes(4, "little") + key.encode()
        (tmp_path / "x.pkl").write_bytes(
            b"\x80\x02c%s\n%s\n" % (module.encode(), function.encode()) + state % text + b"b."
        )
        with pytest.raises(CorpusError):
            read_plain_pickle(tmp_path / "x.pkl")
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(np.arange(6.0).reshape(2, 3), 2))
    assert read_plain_pickle(tmp_path / "x.pkl") == [[0, 1, 2], [3, 4, 5]]


def test_an_array_of_nothing_a_great_many_times(tmp_path: Path) -> None:
    data = pickle.dumps(np.empty((7, 0)), 3)
    assert data.count(b"K\x07K\x00\x86") == 1
    (tmp_path / "x.pkl").write_bytes(data.replace(b"K\x07K\x00\x86", b"J\x00\x00\x00\x10K\x00\x86"))
    start = time.process_time()
    with pytest.raises(CorpusError, match="an array of the shape"):
        read_plain_pickle(tmp_path / "x.pkl")
    assert time.process_time() - start < 1
