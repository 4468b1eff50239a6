from __future__ import annotations

from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.corpora.mappings.labels_apart import labels_apart
from erckit.corpora.mixture import mix_corpora
from erckit.labels import LabelSet


def corpus(name: str, labels: LabelSet) -> Corpus:
    utterances = tuple(Utterance(f"u{i}", "Ann", "words", label) for i, label in enumerate((*labels.labels, None)))
    return Corpus(name, "1", labels, {"train": (Conversation(f"{name}1", utterances),), "dev": ()})


def test_each_corpus_keeps_its_own_labels_under_its_name():
    found = labels_apart([corpus("a", LabelSet(("neutral", "joy"))), corpus("b", LabelSet(("joy", "calm"), "calm"))])
    assert found[0].label_set == found[1].label_set == LabelSet(("a/neutral", "a/joy", "b/joy", "b/calm"))
    assert [u.label for u in found[1].splits["train"][0].utterances] == ["b/joy", "b/calm", None]


def test_a_mixture_of_them_says_which_labels_each_conversation_can_have():
    parts = [corpus("a", LabelSet(("neutral", "joy"))), corpus("b", LabelSet(("joy", "calm"), "calm"))]
    mixed = mix_corpora(labels_apart(parts))
    assert [c.meta["known_labels"] for c in mixed.splits["train"]] == [["a/neutral", "a/joy"], ["b/joy", "b/calm"]]
    assert mixed.protocol("dev").metric == "macro_f1"
