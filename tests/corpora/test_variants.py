from __future__ import annotations

from dataclasses import replace

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora import Corpus, Protocol
from erckit.corpora.checks.normal_text import normal_text
from erckit.errors import CorpusError
from erckit.labels import LabelSet


def conversation(identifier: str, *texts: str) -> Conversation:
    return Conversation(identifier, tuple(Utterance(f"u{n}", "A", text, "x") for n, text in enumerate(texts)))


@pytest.fixture
def corpus() -> Corpus:
    return Corpus(
        "toy",
        "1",
        LabelSet(("x", "y")),
        {
            "train": (conversation("a", "Hi , you .", "Bye !"), conversation("b", "Yes", "No")),
            "dev": (conversation("c", "Yes"),),
            "test": (
                conversation("d", "hi, you", "bye"),  # verbatim, but for case, spaces and signs
                conversation("e", "Bye !", "Hi , you ."),  # another order
                conversation("f", "YES"),  # a part only
                conversation("g", "hi, you", "bye", "x"),
            ),
        },
        protocols={
            f"toy/{split}": Protocol(f"toy/{split}", "toy", split, "accuracy", "dev", "train", ("train",))
            for split in ("dev", "test")
        },
    )


def test_conversations_of_train_are_left_out(corpus: Corpus) -> None:
    assert [c.id for c in corpus.split("test-dedup")] == ["e", "f", "g"]
    assert corpus.split("dev-dedup") == corpus.split("dev")
    assert list(corpus.variants) == ["dev-dedup", "test-dedup"]
    assert set(corpus.splits) == {"train", "dev", "test"}
    assert corpus.variants["test-dedup"] is corpus.split("test-dedup")  # made once


def test_a_variant_has_the_protocol_of_its_split(corpus: Corpus) -> None:
    protocol = corpus.protocol("test-dedup")
    assert (protocol.name, protocol.split, protocol.metric) == ("toy/test-dedup", "test-dedup", "accuracy")
    assert protocol.remembered_splits == ("train",)
    with pytest.raises(CorpusError, match="no protocol 'toy/train-dedup'"):
        corpus.protocol("train-dedup")


def test_a_changed_corpus_has_its_own_variants(corpus: Corpus) -> None:
    assert len(corpus.split("test-dedup")) == 3
    fewer = replace(corpus, splits={**corpus.splits, "test": corpus.splits["test"][:2]})
    assert [c.id for c in fewer.split("test-dedup")] == ["e"]
    assert replace(corpus) == corpus


def test_what_there_is_no_variant_of(corpus: Corpus) -> None:
    for name in ("train-dedup", "tset-dedup", "-dedup"):
        with pytest.raises(CorpusError, match=f"no split '{name}'"):
            corpus.split(name)
    without = replace(corpus, splits={"test": corpus.splits["test"]}, missing={"train": "x.csv is not in y"})
    with pytest.raises(CorpusError, match=r"the split 'train' of 'toy' is not here: x\.csv is not in y"):
        without.split("test-dedup")


def test_texts_of_signs_only_stay_apart() -> None:
    assert normal_text("Don’t  STOP , now !") == normal_text("don't stop, NOW") == "dontstopnow"
    assert normal_text("Straße") == normal_text("STRASSE")
    assert normal_text("! !") == "!!" != normal_text("?")
    assert len({normal_text("😀"), normal_text("😢"), normal_text("")}) == 3
