"""The last rows of a speaker while other objects append, compact and forget, against the store in process."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("lancedb", reason="the extra 'memory' is not installed")

from erckit.memory.remembered import Remembered
from erckit.memory.store import row_order
from erckit.memory.store.exact_store import ExactStore
from erckit.memory.store.lance_store import LanceStore

Row = Callable[..., Remembered]


# Rows are read by id, or all rows of the asked speakers, or all of everybody.
@pytest.mark.parametrize(("take", "everything"), [(10**9, 0), (-1, 0), (-1, 10**9), (2, 10**9)])
def test_against_the_store_in_process(
    tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch, take: int, everything: int
) -> None:
    monkeypatch.setattr(row_order, "_TAKE_ROWS", take)
    monkeypatch.setattr(row_order, "_ALL_ROWS", everything)
    monkeypatch.setattr(row_order, "_MOST_ROWS", 40)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    choose = random.Random(take + everything)
    stores, exact = [LanceStore(tmp_path / "m"), LanceStore(tmp_path / "m")], ExactStore()
    names = ["Ana", "Ben", "Cem", "Dee"]
    for step in range(40):
        one = choose.choice(stores)
        what = choose.random()
        if what < 0.8:
            rows = [
                row(choose.choice(names), step, time=float(choose.randrange(9)), model=choose.choice("mn"), vector=None)
                for _ in range(choose.randrange(1, 6))
            ]
            assert one.append(rows) == exact.append(rows)
        elif what < 0.9:
            one.compact()
        else:
            name = choose.choice(names)
            assert one.forget(name) == exact.forget(name)
        asked = choose.sample([*names, "Zoe"], choose.randrange(1, 5))
        before, model, n = choose.choice([None, 4.0]), choose.choice([None, "m", "x"]), choose.choice([1, 3, 99])
        for store in stores:
            assert store.last(asked, n, before, model) == exact.last(asked, n, before, model)


def test_what_did_not_change_is_not_looked_up_again(tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LanceStore(tmp_path / "m")
    store.append([row("Ana", 1), row("Ben", 2)])
    store.last(["Ana"], 3)
    searches: list[object] = []
    search = row_order.UtteranceTable.search

    def counted(self: object, *arguments: object) -> object:
        searches.append(arguments)
        return search(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(row_order.UtteranceTable, "search", counted)
    assert len(store.last(["Ana"], 3)[0]) == 1
    assert not searches
    store.append([row("Ana", 3)])
    assert len(store.last(["Ana"], 3)[0]) == 2
    assert len(searches) == 1
