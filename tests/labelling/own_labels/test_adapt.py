"""Adapting a model: the folder it writes, what it labels, and what it refuses. The network must not change."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from erckit.conversation import Conversation
from erckit.errors import ModelFolderError, SettingError
from erckit.labelling import Labeler
from erckit.labelling.own_labels.adapt import adapt
from erckit.labelling.own_labels.adapted_folder import is_adapted
from erckit.labelling.own_labels.examples import Examples, read_examples
from erckit.labelling.own_labels.scorer import Scoring, few_temperature
from erckit.model_folder.tensors import trained_tensors
from erckit.networks.inference import score_vectors
from erckit.storage.manifest import write_manifest

ROWS = """label,text,speaker,conversation
Warm,red dog,,
Warm,red cat,,
Warm,red house,,
Cold,blue night,,
Cold,blue street,,
,hello man,Ana,c
Cold,blue coffee,Ben,c
Odd,think think,,
Odd,think maybe,,
Odd,know think,,
"""


@pytest.fixture(scope="module")
def labeler(trained_folder: Path) -> Labeler:
    return Labeler.from_pretrained(trained_folder, precision="fp32")


@pytest.fixture
def examples(tmp_path: Path) -> Examples:
    path = tmp_path / "examples.csv"
    path.write_text(ROWS, encoding="utf-8")
    return read_examples(path)


@pytest.fixture(scope="module")
def conversations(talk: Callable[..., Conversation]) -> list[Conversation]:
    return [talk(500 + i, n) for i, n in enumerate((5, 12, 1))]


def _scores(labeler: Labeler, conversations: list[Conversation]) -> np.ndarray:
    labelled = labeler.label(conversations)
    return np.array([list(p.scores.values()) for one in labelled for p in one.predictions])


def test_vectors_are_what_the_head_reads(labeler: Labeler, conversations: list[Conversation]) -> None:
    vectors = labeler.vectors(conversations)
    assert [one.shape for one in vectors] == [(5, 32), (12, 32), (1, 32)]
    head = labeler.pretrained.model.classifier
    weight, bias = head.weight.detach().numpy(), head.bias.detach().numpy()
    for rows, logits in zip(vectors, labeler.logits(conversations), strict=True):
        np.testing.assert_allclose(rows @ weight.T + bias, logits, atol=1e-5)
        np.testing.assert_allclose(score_vectors(labeler.pretrained.model, rows), logits, atol=1e-6)
    one_by_one = [labeler.vectors([one], batch_tokens=7)[0] for one in conversations]
    for rows, alone in zip(vectors, one_by_one, strict=True):
        np.testing.assert_allclose(rows, alone, atol=1e-5)


@pytest.mark.parametrize("head", [False, True])
def test_the_folder_labels_as_the_model_in_memory(
    labeler: Labeler,
    trained_folder: Path,
    examples: Examples,
    conversations: list[Conversation],
    tmp_path: Path,
    head: bool,
) -> None:
    before = trained_tensors(labeler.pretrained.model)
    made = adapt(labeler, trained_folder, examples, tmp_path / "own", head=head)
    assert all((value == before[name]).all() for name, value in trained_tensors(labeler.pretrained.model).items())
    assert sum(count for _, count in made.right.values()) == 9
    again = Labeler.from_pretrained(tmp_path / "own", precision="fp32")
    assert again.label_set.labels == ("Warm", "Cold", "Odd")
    assert again.name == "own"
    assert again.temperature is not None
    assert again.settings["scoring"]["examples"] == {"Warm": 3, "Cold": 3, "Odd": 3}
    scores = _scores(again, conversations)
    np.testing.assert_allclose(scores, _scores(made.labeler, conversations), atol=1e-5)
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    card = (tmp_path / "own" / "README.md").read_text()
    assert f"{sum(right for right, _ in made.right.values())} of 9" in card
    assert "Ana" not in card
    assert "red dog" not in card


def test_nearest_prototype_by_hand(
    labeler: Labeler, trained_folder: Path, examples: Examples, conversations: list[Conversation], tmp_path: Path
) -> None:
    made = adapt(labeler, trained_folder, examples, tmp_path / "own", distance="euclidean")
    vectors = np.concatenate(labeler.vectors(examples.conversations))
    names = [u.label for one in examples.conversations for u in one.utterances]
    means = np.stack([vectors[[i for i, n in enumerate(names) if n == label]].mean(0) for label in examples.labels])
    for one in conversations:
        (rows,) = labeler.vectors([one])
        expected = np.linalg.norm(rows[:, None] - means[None], axis=2).argmin(axis=1)
        (labelled,) = made.labeler.label([one])
        assert [p.label for p in labelled.predictions] == [examples.labels[i] for i in expected]


def test_kept_labels_stay_as_they_were(
    labeler: Labeler,
    trained_folder: Path,
    examples: Examples,
    conversations: list[Conversation],
    tiny_corpus: Any,
    tmp_path: Path,
) -> None:
    own = _scores(labeler, conversations)
    made = adapt(labeler, trained_folder, examples, tmp_path / "with", keep_labels=True, corpus=tiny_corpus)
    again = Labeler.from_pretrained(tmp_path / "with", precision="fp32")
    assert again.label_set.labels == ("Calm", "Cross", "Glad", "Warm", "Cold", "Odd")
    assert again.label_set.neutral == "Calm"
    scores = _scores(again, conversations)
    np.testing.assert_allclose(scores.sum(axis=1), 1)
    np.testing.assert_allclose(scores[:, :3] / scores[:, :3].sum(1, keepdims=True), own, atol=1e-4)
    # False alarms: what the written folder says of the dev split, which the prototypes were not made from.
    found = [p.label for one in again.label(list(tiny_corpus.splits["dev"])) for p in one.predictions]
    assert made.false_alarms == pytest.approx(np.mean([label in examples.labels for label in found]))
    assert made.alarm_split == "dev"
    assert "Of utterances of tiny/dev" in (tmp_path / "with" / "README.md").read_text()
    without_dev = dataclasses.replace(tiny_corpus, splits={"train": tiny_corpus.splits["train"]})
    made = adapt(labeler, trained_folder, examples, tmp_path / "train", keep_labels=True, corpus=without_dev)
    assert made.alarm_split == "train"
    assert "Of utterances of tiny/train" in (tmp_path / "train" / "README.md").read_text()


def test_labels_cannot_be_added_without_a_corpus(
    labeler: Labeler, trained_folder: Path, examples: Examples, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match="needs the corpus the model was trained on: --corpus"):
        adapt(labeler, trained_folder, examples, tmp_path / "own", keep_labels=True)
    assert not (tmp_path / "own").exists()


def test_the_only_utterance_of_an_own_label_does_not_calibrate(
    labeler: Labeler, trained_folder: Path, examples: Examples, tiny_corpus: Any, tmp_path: Path
) -> None:
    """It lies at distance 0 from its own mean; the temperature is that of the others, by hand."""
    seen: set[str] = set()

    def once(utterance: Any) -> Any:
        if utterance.label != "Glad":
            return utterance
        first = "Glad" not in seen
        seen.add("Glad")
        return utterance if first else dataclasses.replace(utterance, label=None)

    train = tuple(
        dataclasses.replace(one, utterances=tuple(map(once, one.utterances))) for one in tiny_corpus.splits["train"]
    )
    corpus = dataclasses.replace(tiny_corpus, splits={**tiny_corpus.splits, "train": train})
    scorer = adapt(
        labeler, trained_folder, examples, tmp_path / "own", keep_labels=True, corpus=corpus, distance="euclidean"
    ).labeler.scoring.scorer  # type: ignore[union-attr]
    assert scorer.prototypes.counts.tolist()[2] == 1
    everything = [*train, *examples.conversations]
    vectors = np.concatenate(labeler.vectors(everything)).astype(float)
    names = [u.label for one in everything for u in one.utterances]
    labels = scorer.label_set.labels
    rows = [i for i, name in enumerate(names) if name is not None]
    several = [i for i in rows if names[i] != "Glad"]

    def square(i: int, label: str) -> float:
        members = [j for j in rows if names[j] == label and j != i]
        off = scorer.prototypes.scatter / len(members)
        return float(((vectors[members].mean(0) - vectors[i]) ** 2).sum() - off)

    logits = np.array([[-square(i, label) for label in labels] for i in several])
    expected = few_temperature(logits, [labels.index(str(names[i])) for i in several])
    assert scorer.prototypes.temperature == pytest.approx(expected, rel=1e-3)


def test_only_an_adapted_folder_as_it_was_saved_is_replaced(
    labeler: Labeler, trained_folder: Path, examples: Examples, tmp_path: Path
) -> None:
    base = Path(shutil.copytree(trained_folder, tmp_path / "base"))
    ours = Labeler.from_pretrained(base)
    other = Path(shutil.copytree(trained_folder, tmp_path / "trained"))
    with pytest.raises(ModelFolderError, match="is a model that was trained; name a new folder"):
        adapt(ours, base, examples, other)
    Labeler.from_pretrained(other)  # still there
    for inside in (base / "model", base / "sub" / "deep"):
        with pytest.raises(ModelFolderError, match="is inside the model"):
            adapt(ours, base, examples, inside)
    with pytest.raises(ModelFolderError, match="is the model itself"):
        adapt(ours, base, examples, base)
    own = tmp_path / "own"
    adapt(ours, base, examples, own)
    adapt(ours, base, examples, own)  # replaced
    (own / "base" / "notes.txt").write_text("mine")
    with pytest.raises(ModelFolderError, match=r"also holds 'base/notes.txt', which would be deleted"):
        adapt(ours, base, examples, own)
    (own / "base" / "notes.txt").unlink()
    (own / "README.md").write_text("my own words")
    with pytest.raises(ModelFolderError, match="is an adapted model with changed files"):
        adapt(ours, base, examples, own)
    assert (own / "README.md").read_text() == "my own words"
    (tmp_path / "empty").mkdir()
    adapt(ours, base, examples, tmp_path / "empty")


def test_the_card_tells_to_score_other_utterances(
    labeler: Labeler, trained_folder: Path, examples: Examples, tmp_path: Path
) -> None:
    adapt(labeler, trained_folder, examples, tmp_path / "own")
    card = (tmp_path / "own" / "README.md").read_text()
    assert "`erckit evaluate MODEL --corpus FOLDER --split test`" in card
    assert "`test.csv`" in card
    assert "- An utterance gets the label of the nearest prototype" in card


def test_a_folder_without_a_name_is_copied(
    labeler: Labeler, trained_folder: Path, examples: Examples, tmp_path: Path
) -> None:
    base = Path(shutil.copytree(trained_folder, tmp_path / "base"))
    adapt(Labeler.from_pretrained(base), base, examples, tmp_path / "own")
    config = json.loads((tmp_path / "own" / "config.json").read_text())
    assert str(tmp_path) not in json.dumps(config)
    shutil.rmtree(base)
    shutil.move(tmp_path / "own", tmp_path / "moved")
    assert is_adapted(tmp_path / "moved")
    assert not is_adapted(trained_folder)
    Labeler.from_pretrained(tmp_path / "moved")
    # Another model in its place is told, whoever vouches for the files.
    inner = tmp_path / "moved" / "base"
    (inner / "README.md").write_text("another")
    write_manifest(inner)
    write_manifest(tmp_path / "moved")
    with pytest.raises(ModelFolderError, match="another version of model 'base'"):
        Labeler.from_pretrained(tmp_path / "moved")


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("config.json", {"format_version": 99}, "format version 99 is not 1"),
        ("config.json", {"scorer": "neighbour"}, "unknown scorer 'neighbour'. Did you mean 'neighbours'"),
        ("calibration.json", {"temperature": -1}, "not a model folder that can be read"),
        ("labels.json", {"labels": ["a", "b"]}, "not a model folder that can be read"),
    ],
)
def test_altered_folders_are_refused(
    labeler: Labeler, trained_folder: Path, examples: Examples, tmp_path: Path, name: str, change: dict, message: str
) -> None:
    folder = tmp_path / "own"
    adapt(labeler, trained_folder, examples, folder)
    path = folder / name
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ModelFolderError, match="is not the file that was saved"):
        Labeler.from_pretrained(folder)
    write_manifest(folder)
    with pytest.raises(ModelFolderError, match=message):
        Labeler.from_pretrained(folder)


def test_what_does_not_go_together(
    labeler: Labeler, trained_folder: Path, examples: Examples, tiny_corpus: Any, tmp_path: Path
) -> None:
    made = adapt(labeler, trained_folder, examples, tmp_path / "own")
    with pytest.raises(ModelFolderError, match="is an adapted model itself"):
        adapt(made.labeler, "own", examples, tmp_path / "other")
    with pytest.raises(SettingError, match="leave out --head or --keep-labels"):
        adapt(labeler, trained_folder, examples, tmp_path / "other", head=True, keep_labels=True)
    assert made.labeler.with_scoring(None).label_set == labeler.label_set
    assert isinstance(made.labeler.scoring, Scoring)
    assert not (tmp_path / "other").exists()
