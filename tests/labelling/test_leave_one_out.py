"""Leaving earlier utterances out, against a naive loop, and against models where the answer is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.conversation import Conversation, Utterance
from erckit.errors import SettingError
from erckit.labelling import Labeler
from erckit.labelling.leave_one_out import leave_one_out
from erckit.labels import LabelSet


class Counting:
    """A model whose logit for "angry" is what the utterances in reach weigh; their weights stand in their texts."""

    label_set = LabelSet(("calm", "angry"))
    temperature = 2.0

    def __init__(self, reach: int, causal: bool = True) -> None:
        self.reach, self.causal = reach, causal
        self.read: list[list[str]] = []

    def logits(
        self, conversations: Sequence[Conversation], *, batch_tokens: int = 4096, report: Any = None
    ) -> list[np.ndarray]:
        self.read.append([" ".join(u.text for u in one.utterances) for one in conversations])
        return [np.array([self._row(one, u) for u in range(len(one))], dtype=np.float32) for one in conversations]

    def _row(self, conversation: Conversation, at: int) -> tuple[float, float]:
        end = at + 1 if self.causal else len(conversation)
        return 0.0, sum(float(u.text) for u in conversation.utterances[max(0, at - self.reach) : end])


def _talk(*weights: float) -> Conversation:
    return Conversation("c", tuple(Utterance(f"u{i}", "Ana", str(w)) for i, w in enumerate(weights)))


def _share(logit: float) -> float:
    """The score of "angry" after the temperature of 2."""
    return float(1 / (1 + np.exp(-logit / 2)))


def test_effects_of_known_weights() -> None:
    found = leave_one_out(Counting(reach=9), _talk(3, 0, -1, 1, 5), 3)
    assert found.label == "angry"
    assert found.score == pytest.approx(_share(3))
    effects = {one.utterance_id: one.effect for one in found.effects}
    assert effects == pytest.approx({"u0": _share(3) - _share(0), "u1": 0, "u2": _share(3) - _share(4)}, abs=1e-7)
    assert found.passes == 4


def test_an_utterance_out_of_reach_gives_nought() -> None:
    """The target reads itself and the one before it; leaving that out brings an utterance that weighs nothing."""
    found = leave_one_out(Counting(reach=1), _talk(0, 7, 0, 0, 2, 1), 5)
    assert [one.effect for one in found.effects] == pytest.approx([0, 0, 0, 0, _share(3) - _share(1)], abs=1e-7)


def test_the_label_is_the_highest_even_if_it_speaks_against() -> None:
    found = leave_one_out(Counting(reach=9), _talk(-4, 1, 0), 2)
    assert found.label == "calm"
    assert found.score == pytest.approx(1 - _share(-3))
    assert found.effects[0].effect > 0 > found.effects[1].effect


def test_all_variants_are_labelled_in_one_call_and_only_as_far_as_the_model_reads() -> None:
    causal, whole = Counting(9), Counting(9, causal=False)
    leave_one_out(causal, _talk(1, 2, 3, 4), 2)
    leave_one_out(whole, _talk(1, 2, 3, 4), 2)
    assert causal.read == [["1 2 3", "2 3", "1 3"]]
    assert whole.read == [["1 2 3 4", "2 3 4", "1 3 4"]]


def test_nearest_bounds_the_cost() -> None:
    model = Counting(9)
    found = leave_one_out(model, _talk(1, 2, 3, 4), 3, nearest=2)
    assert [one.utterance_id for one in found.effects] == ["u1", "u2"]
    assert (found.passes, len(model.read[0])) == (3, 3)
    assert found.effects == leave_one_out(model, _talk(1, 2, 3, 4), 3).effects[1:]


def test_the_first_utterance_has_nothing_before_it() -> None:
    found = leave_one_out(Counting(9), _talk(1, 2), 0)
    assert (found.effects, found.passes) == ((), 1)


@pytest.mark.parametrize("index", [-1, 2])
def test_no_such_utterance(index: int) -> None:
    with pytest.raises(SettingError, match="counted from 0 to 1"):
        leave_one_out(Counting(9), _talk(1, 2), index)


def test_a_negative_number_of_nearest() -> None:
    with pytest.raises(SettingError, match="-3"):
        leave_one_out(Counting(9), _talk(1, 2), 1, nearest=-3)


def test_a_trained_model_against_one_conversation_at_a_time(
    trained_folder: Path, talk: Callable[..., Conversation]
) -> None:
    labeler = Labeler.from_pretrained(trained_folder, precision="fp32")
    conversation = talk(7, 9)
    found = leave_one_out(labeler, conversation, 6, batch_tokens=60)
    whole = labeler.label(conversation)[0].predictions[6]
    assert found.label == whole.label
    assert found.score == pytest.approx(whole.confidence, abs=1e-6)
    expected = []
    for left_out in range(6):
        kept = tuple(u for i, u in enumerate(conversation.utterances) if i != left_out)
        rest = labeler.label(dataclasses.replace(conversation, utterances=kept))[0].predictions[5]
        expected.append(whole.confidence - rest.scores[found.label])
    assert [one.effect for one in found.effects] == pytest.approx(expected, abs=1e-6)
    assert max(abs(effect) for effect in expected) > 1e-4
