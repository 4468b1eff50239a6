"""Somebody else's text classifier, against transformers' own pipeline."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.errors import CorpusError, LabelSetError, ModelFolderError
from erckit.evaluation.run.evaluate_baseline import evaluate_text_classifier
from erckit.labelling import Labeler
from erckit.labels import LabelSet
from erckit.models.baselines.text_classifier import TextClassifier, refuse_seen, seen_corpora

Folder = Callable[..., Path]
WORDS = "red dog happy sad run you i we the yes no oh well good bad".split()


def _conversations() -> list[Conversation]:
    texts = [" ".join(WORDS[: 1 + (7 * i) % len(WORDS)]) for i in range(23)]
    return [
        Conversation(
            f"c{start}", tuple(Utterance(f"u{i}", "A", text) for i, text in enumerate(texts[start : start + 6]))
        )
        for start in range(0, len(texts), 6)
    ]


@pytest.mark.parametrize("kind", ["bert", "roberta", "mpnet"])
@pytest.mark.parametrize("problem", ["single_label_classification", "multi_label_classification"])
def test_scores_are_those_of_the_pipeline(classifier_folder: Folder, kind: str, problem: str) -> None:
    from transformers import pipeline

    folder = classifier_folder(kind=kind, problem_type=problem)
    model = TextClassifier("tiny", folder, precision="fp32", batch_tokens=40)
    reported: list[int] = []
    labelled = Labeler(model).label(_conversations(), report=reported.append)
    assert sum(reported) == 23
    theirs = pipeline("text-classification", model=str(folder), top_k=None, device="cpu")
    seen = set()
    for one in labelled:
        for utterance, prediction in zip(one.conversation.utterances, one.predictions, strict=True):
            expected = {row["label"].lower(): row["score"] for row in theirs([utterance.text])[0]}
            total = sum(expected.values())
            assert prediction.scores == pytest.approx({k: v / total for k, v in expected.items()}, abs=1e-5)
            seen.add(prediction.label)
    assert len(seen) > 1  # else any order of utterances would pass
    assert model.tokens_processed > 23 * 3
    assert model.truncated == 0


def test_long_texts_are_cut_and_counted(classifier_folder: Folder) -> None:
    for kind in ("bert", "roberta"):  # positions from 0 and from after the padding token's id
        model = TextClassifier("tiny", classifier_folder(kind=kind), precision="fp32")
        said = (Utterance("u0", "A", "dog " * 900), Utterance("u1", "A", "dog"))
        assert len(Labeler(model).label([Conversation("c", said)])[0].predictions) == 2
        assert model.truncated == 1
        assert model.tokens_processed <= 128 + 5


def test_one_command_scores_a_folder(toy: Corpus, classifier_folder: Folder) -> None:
    result = evaluate_text_classifier(str(classifier_folder()), toy, "test", draws=20, precision="fp32")
    assert result.system == "hf-tiny-emotion"
    assert result.label_set == toy.label_set
    assert result.seeds == ()
    assert (result.protocol.selection, result.protocol.memory) == ("nothing", "none, every utterance alone")
    assert result.protocol.causal
    assert not result.metrics["calibrated"]
    assert result.trained_parameters == 0
    assert (result.parameters or 0) > 1000
    assert "/tmp" not in result.to_json()


def test_other_labels_need_a_mapping(toy: Corpus, classifier_folder: Folder, tmp_path: Path) -> None:
    folder = classifier_folder(("joy", "anger", "neutral", "sadness", "fear"))
    with pytest.raises(LabelSetError, match="--map"):
        evaluate_text_classifier(str(folder), toy, "test", draws=20)
    own = {
        "simple": {
            "labels": ["good", "bad", "plain"],
            "neutral": "plain",
            "from": {
                "model": {"pairs": {"joy": "good", "anger": "bad", "neutral": "plain", "sadness": "bad", "fear": None}},
                "toy": {"pairs": {"Glad": "good", "Cross": "bad", "Neutral": "plain", "Blue": "bad"}},
            },
        }
    }
    path = tmp_path / "own.json"
    path.write_text(json.dumps(own))
    try:
        result = evaluate_text_classifier(str(folder), toy, "test", map_to=path, draws=20)
    except LabelSetError as error:
        pytest.fail(str(error))
    assert set(result.label_set.labels) == {"good", "bad", "plain"}
    assert result.protocol.mapping


def test_what_is_no_text_classifier_is_refused(
    classifier_folder: Folder, tiny_backbone: Folder, tmp_path: Path
) -> None:
    with pytest.raises(ModelFolderError, match="no such folder"):
        TextClassifier.from_pretrained("./nowhere/at/all")
    with pytest.raises(ModelFolderError, match=r"no config\.json"):
        TextClassifier.from_pretrained(tmp_path)
    with pytest.raises(ModelFolderError, match="never trained to classify"):
        TextClassifier.from_pretrained(tiny_backbone("bert"))
    broken = tmp_path / "broken"
    shutil.copytree(classifier_folder(), broken)
    data = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelFolderError, match="not a text-classification model that can be loaded"):
        TextClassifier.from_pretrained(broken)
    (broken / "model.safetensors").rename(broken / "pytorch_model.bin")
    with pytest.raises(ModelFolderError, match="no safetensors weights"):
        TextClassifier.from_pretrained(broken)
    twice = classifier_folder(("joy", "Joy", "anger"))
    with pytest.raises(ModelFolderError, match="id2label"):
        TextClassifier.from_pretrained(twice)


def test_code_that_comes_with_a_model_is_not_run(classifier_folder: Folder, tmp_path: Path) -> None:
    folder = tmp_path / "with-code"
    shutil.copytree(classifier_folder(), folder)
    mark = tmp_path / "ran"
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w').write('x')\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "evil",
        "auto_map": {"AutoConfig": "evil.Config", "AutoModelForSequenceClassification": "evil.Model"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFolderError, match="not a text-classification model"):
        TextClassifier.from_pretrained(folder)
    assert not mark.exists()


@pytest.mark.parametrize(
    ("name", "corpus", "is_refused"),
    [
        ("j-hartmann/emotion-english-distilroberta-base", "meld", True),
        ("j-hartmann/emotion-english-distilroberta-base", "meld_sentiment", True),
        ("somewhere/models--j-hartmann--emotion-english-distilroberta-base/snapshots/abc", "meld", True),
        ("j-hartmann/emotion-english-distilroberta-base", "dailydialog", False),
        ("J-Hartmann/Emotion-English-DistilRoBERTa-base", "meld", True),
        ("me/my-emotion-english-distilroberta-base-v2", "meld", False),
        ("tae898/emoberta-base", "iemocap", True),
    ],
)
def test_models_are_not_scored_on_what_they_were_trained_on(
    name: str, corpus: str, is_refused: bool, tmp_path: Path
) -> None:
    if is_refused:
        with pytest.raises(CorpusError, match="--allow-seen"):
            refuse_seen(name, Path(name), corpus)
    else:
        refuse_seen(name, Path(name), corpus)


def test_a_renamed_copy_is_known_by_its_config(toy: Corpus, classifier_folder: Folder, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(classifier_folder(), folder)
    config = json.loads((folder / "config.json").read_text())
    config["_name_or_path"] = "j-hartmann/emotion-english-distilroberta-base"
    (folder / "config.json").write_text(json.dumps(config))
    assert "meld" in seen_corpora(str(folder), folder)
    meld = dataclasses.replace(toy, name="meld", protocols={})
    with pytest.raises(CorpusError, match="was trained on meld"):
        evaluate_text_classifier(str(folder), meld, "dev", draws=20)
    result = evaluate_text_classifier(str(folder), meld, "dev", allow_seen=True, draws=20)
    assert result.config["allow_seen"] is True


def test_labels_keep_their_own_spelling_when_they_are_others() -> None:
    found = object.__new__(TextClassifier)
    found.label_set = LabelSet(("joy", "anger"))
    found.with_labels_of(LabelSet(("Joy", "Sad")))
    assert found.label_set.labels == ("joy", "anger")
    found.with_labels_of(LabelSet(("Anger", "JOY"), "JOY"))
    assert found.label_set == LabelSet(("JOY", "Anger"), "JOY")
