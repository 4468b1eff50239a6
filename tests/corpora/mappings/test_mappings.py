"""The shipped mappings against their publications, and corpora mapped by them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora import CORPORA, corpus_source, load_corpus
from erckit.corpora.corpus import Corpus
from erckit.corpora.mappings.mappings import count_left_out, find_mapping, find_target, known_targets, map_corpus
from erckit.errors import LabelSetError
from erckit.labels import LabelSet

EMORY = ("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared")
MELD = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
IEMOCAP = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
# The table of InstructERC's appendix: unified label, then IEMOCAP's, MELD's and EmoryNLP's.
FEELING_WHEEL = """
joyful happy joy joyful
sad sad sadness sad
neutral neutral neutral neutral
mad angry anger mad
excited excited - -
powerful - surprise powerful
fear frustrated fear scared
peaceful - - peaceful
disgust - disgust -
"""


def test_the_unified_labels_are_the_published_table() -> None:
    rows = [line.split() for line in FEELING_WHEEL.strip().splitlines()]
    assert find_target("unified").label_set.labels == tuple(row[0] for row in rows)
    for column, labels in enumerate((IEMOCAP, MELD, EMORY), start=1):
        assert find_mapping(labels, "unified").pairs == {row[column]: row[0] for row in rows if row[column] != "-"}
    assert find_mapping(MELD, "unified").doubtful == {"surprise"}
    assert find_mapping(IEMOCAP, "unified").doubtful == {"frustrated"}
    assert not find_mapping(EMORY, "unified").doubtful


def test_emorynlp_reaches_five_of_the_seven_ekman_labels() -> None:
    mapping = find_mapping(EMORY, "ekman")
    assert mapping.reachable == ("anger", "fear", "joy", "neutral", "sadness")
    assert mapping.without_counterpart == ("peaceful", "powerful")


def test_emorynlp_polarity_is_the_published_three_classes() -> None:
    merges = find_mapping(EMORY, "polarity").merges
    assert set(merges["positive"]) == {"joyful", "peaceful", "powerful"}
    assert set(merges["negative"]) == {"mad", "sad", "scared"}


def test_the_labels_that_a_part_of_a_mixture_has_are_mapped_too() -> None:
    said = (Utterance("u", "A", "words", label="sad"),)
    plain = Conversation("a", said, meta={"scene": 3})
    few = Conversation("b", said, meta={"known_labels": ["sad", "scared", "peaceful"]})
    corpus = Corpus("mixed", "1", LabelSet(EMORY, "neutral"), {"test": (plain, few)})
    first, second = map_corpus(corpus, find_mapping(EMORY, "ekman")).split("test")
    assert first.meta == {"scene": 3}
    assert second.meta == {"known_labels": ["fear", "sadness"]}


def test_goemotions_follows_its_published_files(data: Path) -> None:
    folder = data / "raw" / "goemotions"
    if not (folder / "ekman_mapping.json").is_file():
        pytest.skip(f"needs the published mapping: {folder} is not there")
    published = json.loads((folder / "ekman_mapping.json").read_text())
    labels = (folder / "emotions.txt").read_text().split()
    wanted = {label: one for one, several in published.items() for label in several} | {"neutral": "neutral"}
    assert find_mapping(labels, "ekman").pairs == wanted
    assert set(labels) == set(wanted)


def test_the_goemotions_polarity_equals_its_published_sentiment_groups() -> None:
    # Demszky et al. 2020, figure 2: positive, negative and ambiguous emotions.
    positive = (
        "admiration amusement approval caring desire excitement gratitude joy love optimism pride relief"
    ).split()
    negative = (
        "anger annoyance disappointment disapproval disgust embarrassment fear grief nervousness remorse sadness"
    ).split()
    ambiguous = "confusion curiosity realization surprise".split()
    mapping = find_mapping([*positive, *negative, *ambiguous, "neutral"], "polarity")
    assert set(mapping.merges["positive"]) == set(positive)
    assert set(mapping.merges["negative"]) == set(negative)
    assert set(mapping.without_counterpart) == set(ambiguous)


def test_every_source_of_a_known_corpus_has_exactly_its_labels() -> None:
    for target in known_targets().values():
        for source, mapping in target.mappings.items():
            if source in CORPORA:
                assert set(mapping.source) == set(corpus_source(source).label_set.labels), (target.name, source)


def test_each_mapping_sends_neutral_to_neutral_and_nothing_else_there() -> None:
    for target in known_targets().values():
        for source, mapping in target.mappings.items():
            neutral = corpus_source(source).label_set.neutral
            assert mapping.merges.get("neutral", ()) == ((neutral,) if neutral else ()), (target.name, source)


def test_a_mapping_is_found_by_the_labels_in_any_order() -> None:
    assert find_mapping(EMORY[::-1], "ekman").source == EMORY[::-1]
    assert find_mapping(EMORY[::-1], "ekman").pairs == find_mapping(EMORY, "ekman").pairs
    four = find_mapping(("angry", "happy", "sad", "neutral"), "ekman")
    assert four.reachable == ("anger", "joy", "neutral", "sadness")
    # Four label sets have both labels, one of which calls its neutral doubtful.
    assert find_mapping(("sad", "neutral"), "ekman").pairs == {"sad": "sadness", "neutral": "neutral"}
    with pytest.raises(LabelSetError, match="more than one mapping to ekman fits"):  # of GoEmotions and of EDOS
        find_mapping(("caring", "neutral"), "ekman")
    same = find_mapping(("joy", "neutral"), "ekman")
    assert same.pairs == {"joy": "joy", "neutral": "neutral"}


def test_labels_that_no_mapping_knows_are_told_with_those_known() -> None:
    with pytest.raises(LabelSetError, match=r"no mapping to ekman knows the labels \['bored', 'joyful'\].*emorynlp"):
        find_mapping(("joyful", "bored"), "ekman")
    with pytest.raises(LabelSetError, match=r"unknown label set 'ekmann'. Did you mean 'ekman'"):
        find_mapping(EMORY, "ekmann")
    with pytest.raises(LabelSetError, match="no such mapping file"):
        find_mapping(EMORY, "mine.json")


def toy(*labels: str | None, several: tuple[list[str], ...] = ()) -> Corpus:
    utterances = [Utterance(f"u{i}", "Ann", f"text {i}", label=label) for i, label in enumerate(labels)]
    utterances += [Utterance(f"m{i}", "Ben", f"more {i}", extra={"labels": one}) for i, one in enumerate(several)]
    return Corpus("toy", "1", LabelSet(EMORY, neutral="neutral"), {"train": (Conversation("c", tuple(utterances)),)})


def test_a_label_without_counterpart_becomes_context_and_is_counted() -> None:
    corpus = toy("joyful", "peaceful", None, "powerful", "scared", "neutral")
    mapped = map_corpus(corpus, find_mapping(EMORY, "ekman"))
    utterances = mapped.split("train")[0].utterances
    assert [u.label for u in utterances] == ["joy", None, None, None, "fear", "neutral"]
    assert [u.text for u in utterances] == [f"text {i}" for i in range(6)]
    assert [u.extra.get("left_out_label") for u in utterances] == [None, "peaceful", None, "powerful", None, None]
    assert count_left_out(mapped.split("train")) == 2
    assert count_left_out(mapped.split("train"), LabelSet(("joy", "neutral"))) == 3
    assert (mapped.name, mapped.mapping, mapped.label_set) == ("toy", "ekman", find_target("ekman").label_set)
    assert corpus.split("train")[0].utterances[1].label == "peaceful"  # the given corpus is as it was


def test_only_reachable_labels_on_request() -> None:
    mapping = find_mapping(EMORY, "ekman")
    mapped = map_corpus(toy("joyful", "sad"), mapping, reachable_only=True)
    assert mapped.label_set == LabelSet(("anger", "fear", "joy", "neutral", "sadness"), neutral="neutral")


def test_several_labels_that_share_a_counterpart_get_it() -> None:
    corpus = toy(several=(["sad", "scared"], ["joyful", "mad"], ["joyful"], []))
    mapped = map_corpus(corpus, find_mapping(EMORY, "polarity"))
    utterances = mapped.split("train")[0].utterances
    assert [u.label for u in utterances] == ["negative", None, "positive", None]
    assert count_left_out(mapped.split("train")) == 1  # the last has no label at all


def test_a_corpus_is_loaded_mapped(data: Path) -> None:
    plain = load_corpus("emorynlp", data / "emorynlp")
    mapped = load_corpus("emorynlp", data / "emorynlp", map="ekman")
    counts = Counter(u.label for c in plain.split("test") for u in c.utterances)
    found = Counter(u.label for c in mapped.split("test") for u in c.utterances)
    assert found == {
        "joy": counts["joyful"],
        "anger": counts["mad"],
        "sadness": counts["sad"],
        "fear": counts["scared"],
        "neutral": counts["neutral"],
        None: counts["peaceful"] + counts["powerful"],
    }
    assert count_left_out(mapped.split("test")) == 304  # 159 peaceful and 145 powerful, as published
    assert len(mapped.label_set) == 5
