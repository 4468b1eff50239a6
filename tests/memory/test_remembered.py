"""One remembered utterance."""

import numpy as np
import pytest

from erckit.errors import SpeakerMemoryError
from erckit.memory.remembered import Remembered


def test_vectors_become_float32_and_are_not_compared() -> None:
    one = Remembered("Ana", "c", "u", 1.0, vector=(1, 2.5))  # type: ignore[arg-type]
    assert one.vector is not None
    assert one.vector.dtype == np.float32
    assert one == Remembered("Ana", "c", "u", 1.0)


def test_the_top_label() -> None:
    assert Remembered("Ana", "c", "u", 1.0, scores={"a": 0.2, "b": 0.8}).top_label == "b"
    assert Remembered("Ana", "c", "u", 1.0).top_label is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"time": float("nan")}, "orders nothing"),
        ({"time": float("inf")}, "orders nothing"),
        ({"scores": {"a": float("nan")}}, "no probability"),
        ({"scores": {"a": 1.5}}, "no probability"),
        ({"scores": {"a": -0.1}}, "no probability"),
        ({"vector": [1.0, float("nan")]}, "not one row"),
        ({"vector": [[1.0]]}, "not one row"),
        ({"vector": []}, "not one row"),
        ({"vector": 3.0}, "not one row"),
        ({"vector": [1e300]}, "not one row"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_cannot_be_kept_is_refused(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(SpeakerMemoryError, match=f"utterance 'u' of conversation 'c'.*{problem}"):
        Remembered(**({"speaker": "Ana", "conversation": "c", "utterance": "u", "time": 1.0} | fields))  # type: ignore[arg-type]
