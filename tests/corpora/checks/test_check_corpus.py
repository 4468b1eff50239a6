from __future__ import annotations

from collections.abc import Callable

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora import Corpus, check_corpus
from erckit.labels import LabelSet


def conversation(identifier: str, *said: tuple[str, str, str]) -> Conversation:
    return Conversation(
        identifier, tuple(Utterance(f"u{n}", who, text, label) for n, (who, text, label) in enumerate(said))
    )


def test_every_fault_is_found() -> None:
    long = [("A", f"this is number {n} of them", "x") for n in range(3)]
    corpus = Corpus(
        "mine",
        "1",
        LabelSet(("x", "y")),
        {
            "train": (conversation("a", ("A", "Hi", "x"), ("B", " ", "y")), conversation("b", *long)),
            "dev": (
                conversation("c", ("B", "hi", "x"), ("A", " ", "x")),
                conversation("d", ("Guy", "other", "y"), *[("C", t.upper() + "!", "y") for _, t, _ in long]),
            ),
        },
        anonymous_speakers=frozenset({"Guy"}),
    )
    check = check_corpus(corpus)
    whole, part = check.duplicates
    assert str(whole) == "train/a = dev/c: 2 utterances, 1 with the same label"
    assert (part.first, part.second, part.whole, part.shared, part.same_labels) == ("train/b", "dev/d", False, 3, 0)
    assert part.across_splits
    assert check.empty_texts == ("train/a/u1", "dev/c/u1")
    assert check.repeated_texts == 3
    assert check.conflicting_texts["this is number 0 of them"] == {"x": 1, "y": 1}
    (dev,) = check.speakers
    assert (dev.speakers, dev.unseen_speakers) == (3, 1)
    assert (dev.known_share, dev.unseen_share, dev.anonymous_share) == pytest.approx((2 / 6, 3 / 6, 1 / 6))
    assert check.to_dict()["corpus"] == "mine"
    copies = [(c.split, c.in_train, c.same_labels, c.copied) for c in check.copies]
    assert copies == [("train", 0, 0, 0), ("dev", 1, 1, 2)]
    assert (check.distinct, check.conversations) == (3, 4)
    lines = check.lines()
    assert lines[1] == "3 of 4 conversations are distinct"
    # what was found stands before the examples of it
    assert lines.index("same conversations:") > lines.index("utterances without text: 2")


def test_known_faults_of_emorynlp_are_found(real: Callable[[str], Corpus]) -> None:
    """The figures of the corpus survey, which was made without this code."""
    check = check_corpus(real("emorynlp"))
    whole = [d for d in check.duplicates if d.whole]
    assert [(d.first, d.second) for d in whole] == [("dev/s04_e01_c13", "dev/s04_e01_c14")]
    replays = {(d.second, d.first): d for d in check.duplicates}
    pairs = [("c07", "s01_e05_c15"), ("c08", "s02_e07_c11"), ("c09", "s03_e15_c07")]
    found = [replays[f"dev/s04_e21_{scene}", f"train/{original}"] for scene, original in pairs]
    assert (sum(d.shared for d in found), sum(d.same_labels for d in found)) == (21, 9)
    assert (check.repeated_texts, len(check.conflicting_texts)) == (68, 43)
    assert check.empty_texts == ()
    assert not any("test/" in d.second for d in check.duplicates)


def test_known_copies_of_dailydialog_are_found(real: Callable[[str], Corpus]) -> None:
    """The figures of the corpus survey, which was made without this code."""
    corpus = real("dailydialog")
    check = check_corpus(corpus)
    train, dev, test = check.copies
    assert (train.surplus, dev.surplus, test.surplus) == (879, 7, 4)
    assert (dev.in_train, test.in_train, check.in_both) == (122, 149, {"dev and test": 11})
    assert (check.distinct, check.conversations) == (11951, 13118)
    assert (dev.half_in_train, test.half_in_train) == (207, 269)
    assert (test.copied, round(100 * test.same_labels / test.copied, 1)) == (1108, 83.0)
    assert round(test.texts_in_train / test.texts, 2) == 0.31
    assert (check.repeated_texts, len(check.conflicting_texts)) == (13805, 2340)
    assert check.variants == {"dev-dedup": 878, "test-dedup": 851}
    assert len(corpus.split("test-dedup")) == 851
    assert any("149 of 1,000 conversations are verbatim in train" in line for line in check.lines())


def test_known_faults_of_meld_are_found(real: Callable[[str], Corpus]) -> None:
    check = check_corpus(real("meld"))
    whole = [(d.first, d.second) for d in check.duplicates if d.whole]
    assert ("train/train_dia134", "train/train_dia391") in whole
    train, dev = check.order[:2]
    assert (len(train.gaps), len(dev.gaps)) == (69, 2)
    assert (len(train.late_beginnings), train.missing_dialogues, dev.missing_dialogues) == (10, (60,), ())
    assert (len(train.backwards), len(dev.backwards), len(train.long)) == (23, 4, 1)
    assert (check.speakers[0].episodes, check.speakers[0].shared_episodes) == (82, 81)
