"""Settings out of plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from erckit.errors import SettingError
from erckit.settings import settings_from_dict


@dataclass(frozen=True, slots=True)
class Several:
    """One field of each kind."""

    task: str = ""
    kind: str = "plain"
    names: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    limit: int | None = None


def test_an_empty_value_is_an_empty_text_where_that_is_the_default() -> None:
    assert settings_from_dict(Several, {"task": None, "limit": None}) == Several()
    with pytest.raises(SettingError, match="'kind' must be str, got None"):
        settings_from_dict(Several, {"kind": None})


def test_members_are_checked() -> None:
    made = settings_from_dict(Several, {"names": ["a", "b"], "shares": [1, "1e-3"], "weights": {"a": 1}})
    assert (made.names, made.shares, made.weights) == (("a", "b"), (1.0, 0.001), {"a": 1})
    assert isinstance(made.shares[0], float)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"names": [1]}, r"'names\[0\]' must be str, got 1"),
        ({"names": ["a", None]}, r"'names\[1\]' must be str, got None"),
        ({"shares": ["a"]}, r"'shares\[0\]' must be float, got 'a'"),
        ({"weights": {1: 2.0}}, "'key of weights' must be str, got 1"),
        ({"names": "a"}, "'names' must be tuple, got 'a'"),
    ],
)
def test_what_does_not_fit_is_named(values: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingError, match=said):
        settings_from_dict(Several, values)


def test_a_shells_empty_value_reaches_a_recipe() -> None:
    from erckit.recipe.load_recipe import load_recipe

    changes = ["style.commonsense=prompt", "training.llm.first_task="]
    assert load_recipe("ckerc/emorynlp", changes).training.llm.first_task == ""
