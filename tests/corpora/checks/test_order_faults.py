from __future__ import annotations

from erckit.conversation import Conversation, Utterance
from erckit.corpora import Corpus
from erckit.corpora.checks.order_faults import order_faults
from erckit.labels import LabelSet


def conversation(number: int, *ids: str, times: tuple[tuple[float, float], ...] = ()) -> Conversation:
    spans = times or ((None, None),) * len(ids)
    utterances = [Utterance(i, "A", "hi", "x", start, end) for i, (start, end) in zip(ids, spans, strict=True)]
    return Conversation(f"d{number}", tuple(utterances), {"dialogue_id": number})


def test_gaps_and_times() -> None:
    split = (
        conversation(1, "d1_u0", "d1_u1", "d1_u3"),
        conversation(2, "d2_u2", "d2_u3", times=((5.0, 6.0), (4.0, 40.0))),
        conversation(5, "d5_u0", "d5_u1", times=((1.0, 1.0), (2.0, 3.0))),
    )
    (faults,) = order_faults(Corpus("toy", "1", LabelSet(("x", "y")), {"dev": split}))
    assert faults.gaps == ("d1/d1_u3",)
    assert faults.late_beginnings == ("d2",)
    assert faults.missing_dialogues == (3, 4)
    assert faults.backwards == ("d2/d2_u3",)
    assert faults.long == ("d2/d2_u3",)
    assert faults.no_length == ("d5/d5_u0",)
    assert "dev: missing dialogue numbers: 2 (3, 4)" in faults.lines()


def test_ids_that_are_no_numbers_have_no_gaps() -> None:
    split = (conversation(1, "a", "b"), conversation(2, "20240101", "20240301"))
    (faults,) = order_faults(Corpus("toy", "1", LabelSet(("x", "y")), {"dev": split}))
    assert faults.lines() == []
