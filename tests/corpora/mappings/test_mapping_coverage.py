"""What a mapping moves and leaves out, and how it is listed, against counting by hand and published counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora import load_corpus
from erckit.corpora.corpus import Corpus
from erckit.corpora.mappings.mapping_coverage import SEVERAL, mapping_coverage
from erckit.corpora.mappings.mapping_listing import corpus_mappings, known_mappings
from erckit.corpora.mappings.mappings import find_mapping
from erckit.errors import LabelSetError
from erckit.labels import LabelSet

IEMOCAP = LabelSet(("happy", "sad", "neutral", "angry", "excited", "frustrated"), neutral="neutral")


def toy(label_set: LabelSet, **splits: tuple[str | list[str] | None, ...]) -> Corpus:
    def utterance(i: int, given: str | list[str] | None) -> Utterance:
        if isinstance(given, list):
            return Utterance(f"u{i}", "Ann", "hi", extra={"labels": given})
        return Utterance(f"u{i}", "Ann", "hi", label=given)

    made = {
        name: (Conversation(name, tuple(utterance(i, one) for i, one in enumerate(labels))),)
        for name, labels in splits.items()
    }
    return Corpus("toy", "1", label_set, made)


def test_merges_and_losses_are_counted_by_hand() -> None:
    labels = LabelSet(("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared"), neutral="neutral")
    corpus = toy(
        labels,
        train=("joyful", "joyful", "peaceful", None, ["sad", "scared"], ["sad"]),
        dev=("powerful", "mad"),
    )
    found = mapping_coverage(corpus, find_mapping(labels.labels, "ekman"))
    assert found.utterances == {"train": 5, "dev": 2}  # the one without any label does not count
    assert found.merged == {"anger": {"mad": 1}, "joy": {"joyful": 2}, "sadness": {SEVERAL: 1}}
    assert found.left_out == {"peaceful": 1, SEVERAL: 1, "powerful": 1}
    assert found.left_out_by_split == {"train": 2, "dev": 1}
    assert found.lines()[-2].startswith("  left out: 3 of 7 utterances (42.9%):")


def test_doubtful_merges_are_marked() -> None:
    coverage = mapping_coverage(
        toy(IEMOCAP, train=("excited", "happy", "frustrated")), find_mapping(IEMOCAP.labels, "ekman")
    )
    assert coverage.lines() == [
        "toy mapped to ekman:",
        "  anger    <- frustrated (doubtful) 1",
        "  joy      <- excited (doubtful) 1, happy 1",
        "  nothing left out of 3 utterances",
    ]


def test_the_listing_shows_every_label_set_and_reads_back_as_a_mapping_file(tmp_path: Path) -> None:
    import json

    lines = known_mappings().lines()
    for line in ("ekman: Ekman's six emotions and neutral", "  labels: negative, neutral, positive; neutral: neutral"):
        assert line in lines
    assert any("frustrated (doubtful)" in line for line in lines)
    assert any("surprise (doubtful)" in line for line in lines)
    path = tmp_path / "unified.json"
    path.write_text(json.dumps(known_mappings("unified").to_dict()))
    assert find_mapping(IEMOCAP.labels, path) == find_mapping(IEMOCAP.labels, "unified")


def test_a_corpus_whose_labels_no_mapping_knows_says_so() -> None:
    corpus = toy(LabelSet(("inform", "question")), train=("inform",))
    with pytest.raises(LabelSetError, match="cannot be mapped to any of"):
        corpus_mappings(corpus)


@pytest.mark.parametrize(
    ("name", "to", "left_out", "total"),
    [
        ("emorynlp", "ekman", 1191 + 1063, 12606),
        ("emorynlp", "polarity", 0, 12606),
        ("meld", "polarity", 1205 + 150, 9989 + 1109),
        ("dailydialog", "polarity", 1600 + 107 + 116, 102979),
    ],
)
def test_left_out_utterances_are_those_of_the_published_label_counts(
    data: Path, name: str, to: str, left_out: int, total: int
) -> None:
    if not (data / name).is_dir():
        pytest.skip(f"needs the corpus: {data / name} is not there")
    found = corpus_mappings(load_corpus(name, data / name), to).coverages[0]
    if "test" in found.utterances and name == "meld":
        pytest.skip("counts are those of train and dev")
    assert sum(found.left_out.values()) == left_out
    assert sum(found.utterances.values()) == total
    assert sum(sum(one.values()) for one in found.merged.values()) == total - left_out
