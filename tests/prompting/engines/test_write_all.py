"""Asking, cleaning, trying again, and stopping where the budget ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from erckit.errors import AnnotationError, SettingError
from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.budget import Budget, BudgetSettings
from erckit.prompting.engines.request import Failure, Request
from erckit.prompting.engines.write_all import write_all


def _requests(*users: str) -> list[Request]:
    return [Request("test/1", "", user, 12, str.strip) for user in users]


def test_answers_are_in_order_and_equal_requests_asked_once(fake: Any, cache_path: Path) -> None:
    engine = fake(lambda user: f" {user}! ")
    done: list[int] = []
    asked = _requests("a", "b", "a", "c", "d", "e", "b")
    assert write_all(asked, engine, AnnotationCache(cache_path, "fake"), Budget(), done.append) == [
        "a!", "b!", "a!", "c!", "d!", "e!", "b!",
    ]  # fmt: skip
    assert sorted(user for user, _ in engine.asked) == ["a", "b", "c", "d", "e"]
    assert sum(done) == len(asked)


def test_an_empty_answer_is_asked_again(fake: Any, cache_path: Path) -> None:
    answers = iter(["", "  ", "here"])
    engine = fake(lambda user: next(answers))
    budget = Budget()
    assert write_all(_requests("a"), engine, AnnotationCache(cache_path, "fake"), budget, sleep=lambda s: None) == [
        "here"
    ]
    assert engine.asked == [("a", 0.0), ("a", 0.7), ("a", 0.7)]
    assert (budget.tokens, budget.answers) == (30, 1)  # useless answers cost as well


def test_always_empty_is_an_error(fake: Any, cache_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"fake: no answer after 4 tries: .*it is empty"):
        write_all(
            _requests("a"), fake(lambda u: ""), AnnotationCache(cache_path, "fake"), Budget(), sleep=lambda s: None
        )


def test_a_final_failure_keeps_the_rest_of_its_wave(fake: Any, cache_path: Path) -> None:
    engine = fake(lambda user: Failure("wrong key", is_final=True) if user == "c" else user)
    cache = AnnotationCache(cache_path, "fake")
    with pytest.raises(AnnotationError, match=r"no answer: wrong key\. 1 are missing; the 3 new ones"):
        write_all(_requests("a", "b", "c", "d"), engine, cache, Budget())
    assert len(engine.asked) == 4
    assert len(AnnotationCache(cache_path, "fake")) == 3


def test_the_token_budget_is_not_overspent(fake: Any, cache_path: Path) -> None:
    requests = _requests(*(f"question {i}" for i in range(30)))
    need = requests[0].tokens
    budget = Budget(BudgetSettings(tokens=100))
    cache = AnnotationCache(cache_path, "fake")
    with pytest.raises(AnnotationError, match=r"budget of 100 tokens is spent .* new ones are kept"):
        write_all(requests, fake(lambda user: user), cache, budget)
    assert 100 - need < budget.tokens <= 100
    kept = len(cache)
    assert 0 < kept < 30
    more = fake(lambda user: user)
    assert len(write_all(requests, more, AnnotationCache(cache_path, "fake"), Budget())) == 30
    assert len(more.asked) == 30 - kept


def test_the_time_budget_ends_it(fake: Any, cache_path: Path) -> None:
    budget = Budget(BudgetSettings(seconds=5))
    budget.seconds = 6
    with pytest.raises(AnnotationError, match="budget of 5 seconds is spent"):
        write_all(_requests("a"), fake(lambda user: user), AnnotationCache(cache_path, "fake"), budget)


def test_an_interrupt_loses_nothing(fake: Any, cache_path: Path) -> None:
    def answer(user: str) -> str:
        if user == "5":
            raise KeyboardInterrupt
        return user

    with pytest.raises(KeyboardInterrupt):
        write_all(_requests(*"0123456"), fake(answer, at_once=1), AnnotationCache(cache_path, "fake"), Budget())
    assert len(AnnotationCache(cache_path, "fake")) == 5


@pytest.mark.parametrize("values", [{"tries": 0}, {"tokens": -1}, {"seconds": -1.0}])
def test_impossible_budgets(values: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        BudgetSettings(**values)


def test_waits_double_up_to_the_longest() -> None:
    settings = BudgetSettings(first_wait=1, longest_wait=5)
    assert [settings.wait(n) for n in (1, 2, 3, 4)] == [1, 2, 4, 5]
    assert settings.wait(1, asked=3) == 3
    assert settings.wait(1, asked=3600) == 3600  # a server is waited for as long as it asks


def test_only_useless_answers_are_asked_for_warmer(fake: Any, cache_path: Path) -> None:
    script = {"a": iter([Failure("busy"), Failure("busy"), "fine"]), "b": iter([Failure("busy"), "", "fine"])}
    engine = fake(lambda user: next(script[user]))
    cache = AnnotationCache(cache_path, "fake")
    assert write_all(_requests("a", "b"), engine, cache, Budget(), sleep=lambda s: None) == ["fine"] * 2
    assert [warmth for user, warmth in engine.asked if user == "a"] == [0.0, 0.0, 0.0]
    assert [warmth for user, warmth in engine.asked if user == "b"] == [0.0, 0.0, 0.7]


def test_what_is_refused_holds_nobody_up(fake: Any, cache_path: Path) -> None:
    users = [f"u{i}" for i in range(30)]
    engine = fake(lambda user: Failure("content filter", is_final=True) if user in ("u1", "u20") else user)
    cache = AnnotationCache(cache_path, "fake")
    with pytest.raises(AnnotationError, match=r"no answer: content filter\. 2 are missing; the 28 new") as caught:
        write_all(_requests(*users), engine, cache, Budget())
    assert "'u1'" in str(caught.value)
    assert "'u20'" in str(caught.value)
    assert len(cache) == 28
    assert len(engine.asked) == 30


def test_what_always_fails_holds_nobody_up(fake: Any, cache_path: Path) -> None:
    users = [f"u{i}" for i in range(30)]
    engine = fake(lambda user: Failure("broken") if user == "u1" else user)
    cache = AnnotationCache(cache_path, "fake")
    with pytest.raises(AnnotationError, match=r"no answer after 4 tries: broken\. 1 are missing; the 29 new"):
        write_all(_requests(*users), engine, cache, Budget(), sleep=lambda s: None)
    assert len(cache) == 29


@pytest.mark.parametrize("how", [{"is_final": True}, {"is_final": True, "stops": True}, {}])
def test_where_everything_fails_it_ends_soon(fake: Any, cache_path: Path, how: dict[str, Any]) -> None:
    engine = fake(lambda user: Failure("is it running?", **how), at_once=4)
    requests = _requests(*(f"u{i}" for i in range(200)))
    with pytest.raises(AnnotationError, match=r"is it running\? 200 are missing; the 0 new"):
        write_all(requests, engine, AnnotationCache(cache_path, "fake"), Budget(), sleep=lambda s: None)
    assert len(engine.asked) <= 4 * 4


def test_failed_tries_cost_what_they_cost(fake: Any, cache_path: Path) -> None:
    results = iter([Failure("nonsense", tokens=70), Failure("busy"), "fine"])
    budget = Budget()
    engine = fake(lambda user: next(results))
    write_all(_requests("a"), engine, AnnotationCache(cache_path, "fake"), budget, sleep=lambda s: None)
    assert (budget.tokens, budget.reserved) == (80, 0)


@pytest.mark.parametrize(("limit", "waits"), [(0.0, True), (8000.0, False), (20.0, False)])
def test_a_wait_that_is_asked_for(
    fake: Any, cache_path: Path, capsys: pytest.CaptureFixture[str], limit: float, waits: bool
) -> None:
    asked = 600.0 if waits else 9000.0
    results = iter([Failure("busy", wait=asked), "fine"])
    budget, slept = Budget(BudgetSettings(seconds=limit)), []

    def run() -> list[str]:
        engine = fake(lambda user: next(results))
        return write_all(_requests("a"), engine, AnnotationCache(cache_path, "fake"), budget, sleep=slept.append)

    if waits:
        assert run() == ["fine"]
        assert slept == [600.0]
        assert "asks to wait 600 seconds" in capsys.readouterr().err
    else:
        with pytest.raises(AnnotationError, match=r"busy, and asks to wait 9,000 seconds, which is longer than"):
            run()
        assert slept == []


def test_what_an_interrupt_leaves_under_way_is_not_reserved_for_ever(fake: Any, cache_path: Path) -> None:
    def answer(user: str) -> str:
        raise KeyboardInterrupt

    budget = Budget(BudgetSettings(tokens=1000))
    with pytest.raises(KeyboardInterrupt):
        write_all(_requests("a"), fake(answer), AnnotationCache(cache_path, "fake"), budget)
    assert budget.reserved == 0
