from __future__ import annotations

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.corpora.mixture import is_mixture, mix_corpora, mixture_parts, without_conversations
from erckit.errors import CorpusError
from erckit.labels import LabelSet

LABELS = LabelSet(("neutral", "joy"), "neutral")


def conversation(identifier: str) -> Conversation:
    return Conversation(identifier, (Utterance("u0", "Ann", f"words of {identifier}", "joy"),))


def corpus(name: str, labels: LabelSet = LABELS, **splits: list[str]) -> Corpus:
    found = {split: tuple(conversation(i) for i in ids) for split, ids in splits.items()}
    return Corpus(name, f"version of {name}", labels, found, licence="free", anonymous_speakers=frozenset({name}))


def test_splits_hold_all_conversations_in_order():
    mixed = mix_corpora([corpus("a", train=["x", "y"], dev=["z"]), corpus("b", train=["w"], dev=["v"], test=["t"])])
    assert mixed.name == "a+b"
    assert [c.id for c in mixed.splits["train"]] == ["x", "y", "w"]
    assert [c.id for c in mixed.splits["test"]] == ["t"]
    assert mixed.anonymous_speakers == {"a", "b"}
    assert mixed.protocol("dev").metric == "weighted_f1"
    assert "version of a" in mixed.version
    assert "version of b" in mixed.version


def test_a_part_without_some_labels_says_which_it_has():
    plain = tuple(Conversation(i, (Utterance("u0", "Bo", "words", "neutral"),)) for i in ("p", "q"))
    both = Corpus("both", "1", LABELS, {"train": (conversation("x"), plain[0]), "dev": (conversation("y"),)})
    mixed = mix_corpora([both, Corpus("plain", "1", LABELS, {"train": (plain[1],), "dev": ()})])
    assert [c.meta.get("known_labels") for c in mixed.splits["train"]] == [None, None, ["neutral"]]


def test_an_id_of_two_parts_stays_unique():
    mixed = mix_corpora([corpus("a", train=["x"], dev=["y"]), corpus("b", train=["x"], dev=["x"])])
    assert [c.id for c in mixed.splits["train"]] == ["x", "b:x"]


def test_different_labels_are_refused():
    with pytest.raises(CorpusError, match="Map both to one label set"):
        mix_corpora([corpus("a", train=["x"]), corpus("b", LabelSet(("neutral", "anger")), train=["y"])])


@pytest.mark.parametrize("parts", [["a"], ["a", "a"]])
def test_needs_two_different_corpora(parts):
    with pytest.raises(CorpusError, match="at least two different"):
        mix_corpora([corpus(name, train=["x"]) for name in parts])


def test_leaving_out():
    kept = without_conversations(corpus("a", train=["x", "y"], dev=["z", "w"]), ["y", "z"])
    assert {split: [c.id for c in found] for split, found in kept.splits.items()} == {"train": ["x"], "dev": ["w"]}
    with pytest.raises(CorpusError, match="no conversation 'q'"):
        without_conversations(kept, ["q"])
    with pytest.raises(CorpusError, match="empties the split 'dev'"):
        without_conversations(kept, ["w"])


def test_a_path_with_a_plus_is_no_mixture(tmp_path):
    assert is_mixture("goemotions+emorynlp")
    folder = tmp_path / "a+b"
    folder.mkdir()
    assert not is_mixture(str(folder))


def test_parts_may_be_met_more_than_once():
    assert mixture_parts("goemotions+2*emorynlp") == [("goemotions", 1), ("emorynlp", 2)]
    for wrong in ("goemotions+0*emorynlp", "goemotions+x*emorynlp", "goemotions+*emorynlp"):
        with pytest.raises(CorpusError, match="whole number"):
            mixture_parts(wrong)
    mixed = mix_corpora([corpus("a", train=["x"], dev=["z"]), corpus("b", train=["w"], dev=["v"])], [1, 2])
    assert mixed.name == "a+2*b"
    assert [c.meta.get("repeat", 1) for c in mixed.splits["train"]] == [1, 2]
    assert [c.meta.get("repeat", 1) for c in mixed.splits["dev"]] == [1, 1]
