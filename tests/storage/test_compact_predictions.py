"""The compact layout gives back every row, or declines."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erckit.storage.compact_predictions import pack_predictions, unpack_predictions

LABELS = ["glad", "no emotion", 'odd "one"']


def row(utterance: int, seed: int | None, label: str = "glad", score: float = 0.2) -> dict[str, Any]:
    scores = dict(zip(LABELS, (score, 0.1, 0.7), strict=True))
    return {"conversation": "c", "utterance": f"u{utterance}", "gold": "glad", "label": label} | {
        "scores": scores,
        "seed": seed,
    }


@given(
    st.lists(st.tuples(*[st.integers(0, 10_000)] * 6, st.sampled_from(LABELS)), min_size=1, max_size=20),
    st.sampled_from([(None,), (1,), (5, 2)]),
)
def test_what_is_packed_comes_back(cells: list[tuple[Any, ...]], seeds: tuple[int | None, ...]) -> None:
    rows = [
        {
            "conversation": f"c{n // 3} é",
            "utterance": f"c{n // 3}_u{n}",
            "gold": LABELS[n % 3],
            "label": cell[6],
            "scores": {
                label: whole / 10_000 for label, whole in zip(LABELS, cell[3 * place : 3 * place + 3], strict=True)
            },
            "seed": seed,
        }
        for place, seed in enumerate(seeds)
        for n, cell in enumerate(cells)
    ]
    text = pack_predictions(rows, LABELS)
    assert text is not None
    assert unpack_predictions(json.loads(text)) == rows
    assert len(text.splitlines()) == len(cells) + 2  # a line per utterance


def test_a_change_of_one_utterance_changes_one_line() -> None:
    before = pack_predictions([row(n, seed) for seed in (1, 2) for n in range(9)], LABELS)
    after = pack_predictions([row(n, seed, score=0.3 if n == 4 else 0.2) for seed in (1, 2) for n in range(9)], LABELS)
    assert before is not None
    assert after is not None
    assert sum(a != b for a, b in zip(before.splitlines(), after.splitlines(), strict=True)) == 1


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(1, 1), row(2, 1), row(1, 2)],  # runs of different length
        [row(1, 1), row(2, 1), row(2, 2), row(1, 2)],  # another order
        [row(1, 1), row(1, 2), row(1, 1)],  # a seed that comes back
        [row(1, 1, score=0.12345)],  # would lose a decimal
        [row(1, 1, label="unheard of")],
        [row(1, 1) | {"reason": "?"}],
        [row(1, 1) | {"scores": {"glad": 1.0}}],
    ],
)
def test_what_would_lose_something_is_declined(rows: list[dict[str, Any]]) -> None:
    assert pack_predictions(rows, LABELS) is None


def test_the_plain_layout_is_read_too() -> None:
    assert unpack_predictions([row(1, 1)]) == [row(1, 1)]
    with pytest.raises((KeyError, TypeError, ValueError, IndexError)):
        unpack_predictions({"labels": LABELS, "seeds": [1], "rows": [["c", "u", "glad", [9, 1, 2, 3]]]})
