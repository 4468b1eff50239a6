"""What is said later changes no earlier score, in any style and scope; over conversations, no earlier one either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from erckit.errors import SettingError
from erckit.prompting.context.speaker_past import speaker_past
from erckit.prompting.scoring.prompt_system import PromptSystem
from erckit.recipe.prompt_builder import llm_builder

WINDOW = {"history": "window", "window": 2}
STYLES: list[tuple[str, dict[str, Any]]] = [
    ("emonet_llm", {"recent": 2, "related": 1}),
    ("emonet_llm", {"recent": 2, "related": 1, "biography_place": "history", "speakers": "numbers"}),
    ("emonet_llm", {"biography_sentences": 1}),
    ("emonet_llm", WINDOW),
    ("bios_erc", {"biographies": "causal"}),
    ("bios_erc", {"biographies": "causal", "biography_place": "history"}),
    ("bios_erc", {"layout": "published", **WINDOW}),
    ("instruct_erc", {"demonstrations": 1}),
    ("instruct_erc", {"layout": "published", "speakers": "numbers", **WINDOW}),
    ("laerc_s", {}),
    ("ckerc", {"layout": "published"}),
    ("last_utterance", {}),
    ("last_utterance", {"history": "all"}),
]
CASES = [
    pytest.param(system, style, scope, id=f"{system}-{'-'.join(map(str, style.values()))}-{scope}")
    for system, style in STYLES
    for scope in ("none", "conversation", "all")
    # a prompt that shows a speaker's past needs one
    if scope != "none" or not (system == "emonet_llm" or style.get("biographies") == "causal")
]
FIRST_TASKS = {"laerc_s": "characteristics", "ckerc": "commonsense"}  # without one they are plain prompts
CHANGED = 3  # utterance of the middle conversation


def scores(system: PromptSystem, conversations: list[Any]) -> np.ndarray:
    gathered = system.builder.gather(conversations, keeps_vectors=False)
    return system.scores(gathered, range(len(conversations)))


@pytest.mark.parametrize(("system", "style", "scope"), CASES)
def test_a_later_utterance_changes_no_earlier_score(
    llm_recipe: Callable[..., Any],
    tiny_causal_lm: Callable[..., Any],
    ruled_corpus: Callable[..., Any],
    talk: Any,
    system: str,
    style: Any,
    scope: str,
) -> None:
    # Left context as well: the longest of these is cut.
    recipe = llm_recipe(
        system,
        model={"history": {"scope": scope}},
        style=style,
        context={"max_tokens": 150, "left_context": 60},
        training={"llm": {"first_task": FIRST_TASKS.get(system, "")}},
    )
    before = [talk(7, 4, story=(1,)), talk(8, 9, story=(2,)), talk(9, 4, story=(3,))]
    if scope != "all":  # file order and story order are not the same
        before.reverse()
    first, middle = [c.id for c in before].index("c7"), 1
    said = list(before[middle].utterances)
    said[CHANGED] = replace(
        said[CHANGED], speaker="Dora", text="oh no never say that, it was a very bad day", label="Glad"
    )
    after = list(before)
    after[middle] = replace(before[middle], utterances=tuple(said))
    starts = np.cumsum([0, *map(len, before)])
    builder = llm_builder(recipe, ruled_corpus(4))
    old, new = (scores(PromptSystem(tiny_causal_lm("llama"), builder), said_so) for said_so in (before, after))
    earlier = [*range(starts[first], starts[first + 1]), *range(starts[middle], starts[middle] + CHANGED)]
    np.testing.assert_allclose(new[earlier], old[earlier], atol=2e-4)
    assert np.abs(new[starts[middle] + CHANGED] - old[starts[middle] + CHANGED]).max() > 1e-2
    if scope != "all":
        last = [c.id for c in before].index("c9")
        others = slice(starts[last], starts[last + 1])
        np.testing.assert_allclose(new[others], old[others], atol=2e-4)


@pytest.mark.parametrize("scope", ["chunk", "preceding"])
def test_no_past_is_looked_up_elsewhere(talk: Any, scope: str) -> None:
    with pytest.raises(SettingError, match="none, conversation or all"):
        speaker_past([talk(1, 5)], recent=2, related=0, scope=scope)
