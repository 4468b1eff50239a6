"""A model scored on a corpus with other labels, against a naive loop over utterances."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hand_labelled import HandLabelled
from sklearn.metrics import confusion_matrix, f1_score

from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.corpora.corpus import Corpus, Protocol
from erckit.corpora.mappings.mappings import find_mapping, map_corpus
from erckit.errors import LabelSetError, ResultError
from erckit.evaluation import Result, evaluate_model, evaluate_recipe, format_result, protocol_line
from erckit.evaluation.comparison.compare import compare_results
from erckit.evaluation.run.mapped import share_labels
from erckit.labelling import Labeler
from erckit.labels import LabelSet

EMORY = LabelSet(("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared"), neutral="neutral")
MELD = LabelSet(("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"), neutral="neutral")
TO_EKMAN = {"joyful": "joy", "mad": "anger", "neutral": "neutral", "sad": "sadness", "scared": "fear"}
SHARED = ["anger", "fear", "joy", "neutral", "sadness"]


@dataclass
class RandomLabeler(HandLabelled):
    """Random scores from the utterance alone; remembers what it was asked."""

    label_set: LabelSet
    own: str = "emorynlp"
    name: str = "random"
    causal: bool = True
    temperature: float | None = None
    calibrated: bool = True
    tokens_processed: int = 0
    asked: list[Conversation] = field(default_factory=list)

    @property
    def settings(self) -> dict[str, Any]:
        return {"corpus": self.own, "training": {"seed": 3}}

    def scored(self, conversation: str, utterance: str) -> dict[str, float]:
        rng = random.Random(f"{conversation} {utterance}")
        raw = [rng.random() ** 3 for _ in self.label_set.labels]
        return {label: value / sum(raw) for label, value in zip(self.label_set.labels, raw, strict=True)}

    def label(self, conversations: Any, **_: Any) -> list[LabelledConversation]:
        self.asked = list(conversations)
        return [
            LabelledConversation(
                one,
                tuple(
                    Prediction(u.id, max(s, key=s.get), s, self.calibrated)
                    for u in one.utterances
                    for s in [self.scored(one.id, u.id)]
                ),
            )
            for one in conversations
        ]


def meld(label_set: LabelSet = MELD, **changes: Any) -> Corpus:
    rng = random.Random(1)
    conversations = tuple(
        Conversation(
            f"c{c}",
            tuple(
                Utterance(f"u{u}", "Ann", f"words {c} {u}", label=rng.choice([*label_set.labels, None]))
                for u in range(7)
            ),
        )
        for c in range(40)
    )
    protocol = Protocol("meld/dev", "meld", "dev", "macro_f1", "dev", "nothing", ())
    values: dict[str, Any] = {"name": "meld", "version": "1", "label_set": label_set, "splits": {"dev": conversations}}
    return Corpus(**(values | {"protocols": {"meld/dev": protocol}} | changes))


def naive(labeler: RandomLabeler, corpus: Corpus) -> tuple[list[str], list[str], int]:
    """Gold, predicted and left out of EmoryNLP's labels on MELD's, without any of erckit's mapping code."""
    gold, predicted, left_out = [], [], 0
    for conversation in corpus.splits["dev"]:
        for utterance in conversation.utterances:
            if utterance.label is None:
                continue
            if utterance.label not in SHARED:
                left_out += 1
                continue
            scores = labeler.scored(conversation.id, utterance.id)
            best = max((label for label in scores if label in TO_EKMAN), key=lambda label: scores[label])
            gold.append(utterance.label)
            predicted.append(TO_EKMAN[best])
    return gold, predicted, left_out


def test_scores_equal_a_naive_loop_over_the_shared_labels() -> None:
    labeler, corpus = RandomLabeler(EMORY), meld()
    result = evaluate_model(labeler, corpus, "dev", draws=20, map_to="ekman")
    gold, predicted, left_out = naive(labeler, corpus)
    assert left_out > 20
    assert [row.gold for row in result.predictions] == gold
    assert [row.label for row in result.predictions] == predicted
    assert result.label_set == LabelSet(tuple(SHARED), neutral="neutral")
    assert result.metrics["macro_f1"] == pytest.approx(f1_score(gold, predicted, labels=SHARED, average="macro"))
    assert result.metrics["weighted_f1"] == pytest.approx(f1_score(gold, predicted, average="weighted"))
    assert [list(row) for row in result.confusion] == confusion_matrix(gold, predicted, labels=SHARED).tolist()
    assert result.protocol.utterances == len(gold)
    assert result.protocol.left_out == left_out
    assert (result.protocol.mapping, result.protocol.metric) == ("ekman", "macro_f1")


def test_scores_are_renormalised_over_the_shared_labels() -> None:
    labeler = RandomLabeler(EMORY)
    result = evaluate_model(labeler, meld(), "dev", draws=5, map_to="ekman")
    for row in result.predictions:
        own = labeler.scored(row.conversation, row.utterance)
        kept = sum(own[label] for label in TO_EKMAN)
        wanted = {TO_EKMAN[label]: own[label] / kept for label in TO_EKMAN}
        assert row.scores == pytest.approx({label: wanted[label] for label in SHARED}, abs=5e-5)


def test_utterances_left_out_stay_context() -> None:
    labeler, corpus = RandomLabeler(EMORY), meld()
    evaluate_model(labeler, corpus, "dev", draws=5, map_to="ekman")
    assert [[u.text for u in c.utterances] for c in labeler.asked] == [
        [u.text for u in c.utterances] for c in corpus.splits["dev"]
    ]


def test_the_protocol_line_says_mapping_labels_and_what_was_left_out() -> None:
    labeler, corpus = RandomLabeler(EMORY), meld()
    result = evaluate_model(labeler, corpus, "dev", draws=5, map_to="ekman")
    gold, _, left_out = naive(labeler, corpus)
    said = (
        f"mapped to ekman: anger, fear, joy, neutral, sadness ({left_out} of {left_out + len(gold)} utterances left "
        "out: gold label is none of these)"
    )
    assert protocol_line(result).endswith(said)
    assert said in format_result(result)
    assert "selected on emorynlp dev" in protocol_line(result)
    assert Result.from_json(result.to_json()) == result


def test_nothing_left_out_is_not_mentioned() -> None:
    result = evaluate_model(RandomLabeler(EMORY), meld(EMORY), "dev", draws=5, map_to="polarity")
    assert protocol_line(result).endswith("mapped to polarity: negative, neutral, positive")
    assert result.protocol.left_out == 0


@pytest.mark.parametrize(
    ("own", "label_set", "to", "calibrated"),
    [
        (EMORY, EMORY, "polarity", True),  # everything is added up, nothing lost
        (EMORY, MELD, "ekman", False),  # scores are divided by what is left
        (MELD, MELD, "ekman", True),  # nothing happens
        (MELD, EMORY, "ekman", False),  # disgust and surprise are taken out of the scores
        (LabelSet(("anger", "joy", "neutral")), MELD, "ekman", False),  # gold labels are left out
    ],
)
def test_scores_stay_calibrated_only_where_nothing_is_lost(
    own: LabelSet, label_set: LabelSet, to: str, calibrated: bool
) -> None:
    corpus = meld(label_set)
    result = evaluate_model(RandomLabeler(own), corpus, "dev", draws=5, map_to=to)
    assert result.metrics["calibrated"] is calibrated
    bare = evaluate_model(RandomLabeler(own, calibrated=False), corpus, "dev", draws=5, map_to=to)
    assert bare.metrics["calibrated"] is False


def test_two_systems_are_brought_onto_the_same_labels(tmp_path: Path) -> None:
    few, many, corpus = RandomLabeler(EMORY), RandomLabeler(MELD, own="goemotions"), meld()
    five = evaluate_model(few, corpus, "dev", draws=5, map_to="ekman")
    seven = evaluate_model(many, corpus, "dev", draws=5, map_to="ekman")
    with pytest.raises(ResultError, match="--map ekman --labels anger,fear,joy,neutral,sadness"):
        compare_results([seven, replace(five, system="five")], draws=100)
    chosen = ["sadness", *(label for label in SHARED if label != "sadness")]  # the order is the label set's
    same = evaluate_model(many, corpus, "dev", draws=5, map_to="ekman", labels=chosen)
    assert same.label_set == five.label_set
    assert same.protocol.left_out == five.protocol.left_out > 0
    assert [row.gold for row in same.predictions] == [row.gold for row in five.predictions]
    for row in same.predictions:
        own = many.scored(row.conversation, row.utterance)
        assert row.label == max(SHARED, key=lambda label: own[label])
    compare_results([same, replace(five, system="five")], draws=100)


def test_labels_are_chosen_in_a_corpus_that_was_mapped_before() -> None:
    corpus = map_corpus(meld(), find_mapping(MELD.labels, "ekman"), reachable_only=True)
    result = evaluate_model(RandomLabeler(MELD), corpus, "dev", draws=5, labels=["joy", "anger"])
    assert result.label_set == LabelSet(("anger", "joy"))
    assert {row.gold for row in result.predictions} == {"anger", "joy"}


@pytest.mark.parametrize(
    ("labels", "map_to", "said"),
    [
        (["joy", "surprise"], "ekman", "do not share a label 'surprise'"),
        (["joy", "angr"], "ekman", "Did you mean 'anger'"),
        (["joy"], "ekman", "at least two labels"),
        ([], "ekman", "at least two labels"),
        (["joy", "anger"], None, "only mapped labels"),
    ],
)
def test_labels_that_cannot_be_scored_are_refused(labels: list[str], map_to: str | None, said: str) -> None:
    with pytest.raises(LabelSetError, match=said):
        evaluate_model(RandomLabeler(EMORY), meld(), "dev", draws=5, map_to=map_to, labels=labels)


def test_a_corpus_mapped_before_gives_the_same_result() -> None:
    labeler, corpus = RandomLabeler(EMORY), meld()
    direct = evaluate_model(labeler, corpus, "dev", draws=5, map_to="ekman")
    mapped = map_corpus(corpus, find_mapping(MELD.labels, "ekman"))
    again = evaluate_model(labeler, mapped, "dev", draws=5, map_to="ekman")
    assert again.predictions == direct.predictions
    assert again.protocol == direct.protocol


def test_a_model_trained_on_the_reachable_labels_of_a_mapped_corpus_needs_no_mapping() -> None:
    corpus = map_corpus(meld(EMORY), find_mapping(EMORY.labels, "ekman"), reachable_only=True)
    result = evaluate_model(RandomLabeler(corpus.label_set), corpus, "dev", draws=5)
    assert result.protocol.mapping == "ekman"
    lost = [u for c in meld(EMORY).splits["dev"] for u in c.utterances if u.label in ("peaceful", "powerful")]
    assert result.protocol.left_out == len(lost) > 0
    # The same corpus with all labels of the target: those the model lacks are not scored.
    whole = map_corpus(meld(EMORY), find_mapping(EMORY.labels, "ekman"))
    other = evaluate_model(RandomLabeler(corpus.label_set), whole, "dev", draws=5)
    assert other.label_set.labels == result.label_set.labels
    assert other.predictions == result.predictions


def test_without_a_mapping_other_labels_are_refused_with_the_option() -> None:
    with pytest.raises(LabelSetError, match=r"--map ekman.*erckit corpora mappings"):
        evaluate_model(RandomLabeler(EMORY), meld(), "dev")


def test_fewer_than_two_shared_labels_are_refused() -> None:
    with pytest.raises(LabelSetError, match=r"they share 1 of them and at least two"):
        share_labels(("anger", "disgust"), meld(LabelSet(("happy", "angry", "sad"))), "ekman")


@pytest.mark.trains
def test_a_recipe_is_trained_on_mapped_labels_and_its_model_scored_with_or_without_a_mapping(
    tiny_recipe: Any, tiny_corpus: Corpus, tmp_path: Path
) -> None:
    mood = {"labels": ["good", "bad"], "from": {"tiny": {"pairs": {"Calm": None, "Cross": "bad", "Glad": "good"}}}}
    file = tmp_path / "mood.json"
    file.write_text(json.dumps({"mood": mood}))
    mapped = map_corpus(tiny_corpus, find_mapping(tiny_corpus.label_set.labels, file), reachable_only=True)
    recipe = replace(tiny_recipe(training={"epochs": 1}), map=str(file))
    result = evaluate_recipe(recipe, mapped, "test", [1], tmp_path / "out", draws=5, quiet=True)
    gold = [u.label for c in tiny_corpus.split("test") for u in c.utterances]
    assert result.label_set.labels == ("good", "bad")
    assert [row.gold for row in result.predictions] == ["good" if g == "Glad" else "bad" for g in gold if g != "Calm"]
    assert (result.protocol.mapping, result.protocol.left_out) == ("mood", gold.count("Calm"))
    assert result.config["map"] == "mood.json"
    model = Labeler.from_pretrained(tmp_path / "out" / "seed-1" / "model")
    assert model.label_set.labels == ("good", "bad")
    again = evaluate_model(model, tiny_corpus, "test", draws=5, map_to=file)
    assert again.predictions == result.predictions
    assert again.protocol == result.protocol
