from __future__ import annotations

from erckit.conversation import Conversation, Utterance
from erckit.corpora.alone import alone
from erckit.corpora.corpus import Corpus
from erckit.labels import LabelSet


def test_every_labelled_utterance_is_a_conversation_of_its_own():
    said = (Utterance("u0", "Ann", "one", "joy"), Utterance("u1", "Bo", "two"), Utterance("u2", "Bo", "three", "calm"))
    both = (Conversation("x", said, meta={"known_labels": ["joy"]}), Conversation("y", said[:1]))
    found = alone(Corpus("a", "1", LabelSet(("joy", "calm")), {"train": both, "dev": ()}))
    assert [c.id for c in found.splits["train"]] == ["x/u0", "x/u2", "y/u0"]
    assert [u.text for c in found.splits["train"] for u in c.utterances] == ["one", "three", "one"]
    assert found.splits["train"][1].meta == {"known_labels": ["joy"]}
    assert found.splits["dev"] == ()
