"""A frozen causal language model as the reader: what is kept, what is read, what is refused."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from erckit.conversation import Conversation, Utterance
from erckit.errors import BackboneError, ModelFolderError, SettingError
from erckit.evaluation.run.evaluate import memory_words
from erckit.evaluation.vectors.split_vectors import backbone_vectors, split_vectors
from erckit.labelling import Labeler
from erckit.model_folder.tuned_backbone import write_tuned_backbone
from erckit.models.model_settings import model_settings
from erckit.networks.causal_reader import CausalReader
from erckit.training.run import dry_run, train

READER = {"kind": "causal_lm", "layers": [3, 1]}
VALUES: dict[str, Any] = {
    "name": "emonet_frozen",
    "reader": READER,
    "history": {"scope": "all", "window": 3},
    "emonet_frozen": {"heads": 4, "feedforward": 16, "context_window": 3},
}
ALONE: dict[str, Any] = {"name": "sentemo", "history": {"scope": "none"}, "sentemo": {"heads": 4, "feedforward": 16}}
TOLERANCE = 2e-5


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def labeler_of(
    tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[dict[str, Any]], Labeler]:
    def make(values: dict[str, Any]) -> Labeler:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ERCKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
            out = tmp_path_factory.mktemp("model") / "run"
            folder = train(tiny_recipe(values, {"epochs": 1}), tiny_corpus, out, quiet=True)
            return Labeler.from_pretrained(folder, precision="fp32")

    return make


@pytest.fixture(scope="module")
def labeler(labeler_of: Callable[..., Labeler]) -> Labeler:
    return labeler_of(VALUES)


def _scores(labeler: Labeler, conversations: list[Conversation], **options: Any) -> np.ndarray:
    labelled = labeler.label(conversations, **options)
    return np.array([list(p.scores.values()) for one in labelled for p in one.predictions])


def test_the_folder_names_the_language_model_and_holds_none_of_it(
    labeler: Labeler, tiny_causal_lm: Callable[..., Any]
) -> None:
    lm = tiny_causal_lm("llama")
    with safe_open(labeler.folder / "model.safetensors", framework="numpy") as file:
        names = set(file.keys())
    assert {"projection.weight", "classifier.weight"} <= names
    assert not [name for name in names if name.startswith(("causal", "encoder"))]
    config = json.loads((labeler.folder / "config.json").read_text(encoding="utf-8"))
    assert (config["model"]["backbone"], config["backbone_sha256"]) == (str(lm.folder), lm.sha256)


def test_small_weights_are_near(labeler: Labeler, talk: Callable[..., Any], tmp_path: Path) -> None:
    labeler.pretrained.save_pretrained(tmp_path / "small", weights="compact")
    small = Labeler.from_pretrained(tmp_path / "small", precision="fp32")
    assert np.abs(_scores(small, [talk(1, 6)]) - _scores(labeler, [talk(1, 6)])).max() < 0.02


def test_another_language_model_is_refused(
    labeler: Labeler, tiny_causal_lm: Callable[..., Any], tmp_path: Path
) -> None:
    settings = labeler.pretrained.settings
    shutil.copytree(tiny_causal_lm("qwen2").folder, tmp_path / "other")
    moved = dataclasses.replace(
        labeler.pretrained, settings=dataclasses.replace(settings, backbone=str(tmp_path / "other"))
    )
    moved.save_pretrained(tmp_path / "model")
    with pytest.raises(ModelFolderError, match="other"):
        Labeler.from_pretrained(tmp_path / "model")


def test_vectors_are_those_of_the_reader(
    labeler: Labeler, tiny_causal_lm: Callable[..., Any], talk: Callable[..., Any]
) -> None:
    from erckit.networks.preparation import with_known_vectors

    talks, parts = [talk(1, 4), talk(2, 1)], labeler.pretrained
    prepared = parts.preparation.prepare(talks)
    prepared = with_known_vectors(
        parts.model, parts.preparation, prepared, talks, parts.backbone_folder, precision="fp32"
    )
    expected = CausalReader(tiny_causal_lm("llama"), (3, 1)).read(talks, keep=False)
    assert prepared.vectors is not None
    assert np.abs(prepared.vectors.table.numpy() - expected).max() < TOLERANCE
    assert parts.model.projection.in_features == expected.shape[1]  # type: ignore[union-attr]


def test_what_was_said_before_is_read_also_without_a_context_module(
    labeler_of: Callable[..., Labeler], talk: Callable[..., Any]
) -> None:
    conversation = talk(4, 5)
    first = Utterance("u0", "Ana", "angry street and never always")
    changed = Conversation(conversation.id, (first, *conversation.utterances[1:]))
    for values, reads in (({**ALONE, "reader": READER}, True), (ALONE, False)):
        labeler = labeler_of(values)
        assert (memory_words(labeler.settings, (), "test") == "none, every utterance alone") != reads
        difference = np.abs(_scores(labeler, [changed]) - _scores(labeler, [conversation]))[1:].max()
        assert (difference > 1e-4) == reads


def test_a_speaker_memory_goes_on_in_batches_and_streams(labeler: Labeler, talk: Callable[..., Any]) -> None:
    earlier, now = (talk(seed, 6, story=(1, seed, 1)) for seed in (1, 2))
    whole = _scores(labeler, [now], history="all", remember=[earlier])
    assert np.abs(whole - _scores(labeler, [now])).max() > 1e-4
    remembering = labeler.with_memory("memory")
    remembering.label([earlier])
    assert np.abs(_scores(remembering, [now], writes_memory=False) - whole).max() < 1e-4
    stream = remembering.stream()
    streamed = [list(stream.add(u.speaker, u.text).scores.values()) for u in now.utterances]
    assert np.abs(np.array(streamed) - whole).max() < 1e-4
    assert stream.kept_bytes > 2 * 3 * 2 * 8 * 4 * 20  # keys and values of more than twenty tokens


def test_a_long_line_is_cut_and_counted(labeler_of: Callable[..., Labeler]) -> None:
    labeler = labeler_of({**VALUES, "max_utterance_tokens": 16})
    said = [Conversation("c", (Utterance("u", "Ana", "red dog " * many),)) for many in (30, 60)]
    first, second = _scores(labeler, said)
    assert labeler.truncated == 2
    assert np.abs(first - second).max() < TOLERANCE


def test_the_vector_space_is_compared_with_the_frozen_language_model(
    labeler: Labeler, tiny_corpus: Any, tiny_causal_lm: Callable[..., Any]
) -> None:
    data = split_vectors(labeler, tiny_corpus, "test")
    alone = [Conversation("", (Utterance("", "", text),)) for text in data.texts]
    expected = CausalReader(tiny_causal_lm("llama"), (3, 1)).read(alone, keep=False)
    assert np.abs(backbone_vectors(labeler, data) - expected).max() < TOLERANCE


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reader": {"kind": "causal_lm"}}, "needs 'model.reader.layers'"),
        ({"reader": {**READER, "layers": []}}, "needs 'model.reader.layers'"),
        ({"reader": {**READER, "layers": [-1]}}, "from 0 on"),
        ({"reader": {**READER, "is_frozen": False}}, "not trained"),
        ({"reader": {**READER, "has_projection": False}}, "has_projection: true"),
        ({"reader": {**READER, "word_vectors": "glove.txt"}}, "kind: words"),
        ({"backbone": "all-MiniLM-L6-v2"}, "is an encoder. Set model.backbone"),
        ({"backbone": "sentence-transformers/all-mpnet-base-v2"}, "is an encoder"),
        ({"reader": {}, "backbone": "smollm2-135m-instruct"}, "or model.reader.kind to 'causal_lm'"),
        ({"name": "emonet", "emonet_frozen": None}, "'model.reader.*' is not read by model 'emonet'"),
        ({"name": "compm", "emonet_frozen": None}, "'model.reader.*' is not read by model 'compm'"),
        (
            {"name": "emonet", "emonet_frozen": None, "reader": {}, "backbone": "gemma-3-270m"},
            "reads with an encoder. Set model.backbone to one, 'all-MiniLM-L6-v2' for instance.$",
        ),
    ],
)
def test_settings_that_cannot_be_read_are_refused(changes: dict[str, Any], message: str) -> None:
    values = {"backbone": "smollm2-135m-instruct", **VALUES, **changes}
    with pytest.raises(SettingError, match=message):
        model_settings({key: value for key, value in values.items() if value is not None})


def test_folders_of_the_wrong_kind_and_layers_that_are_not_there_are_refused(
    tiny_recipe: Callable[..., Any],
    tiny_backbone: Callable[[str], Path],
    tiny_causal_lm: Callable[..., Any],
    tiny_corpus: Any,
    tmp_path: Path,
) -> None:
    encoder, lm = str(tiny_backbone("bert")), str(tiny_causal_lm("llama").folder)
    cases: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({**VALUES, "backbone": encoder}, BackboneError, "is an encoder"),
        ({**ALONE, "backbone": lm}, BackboneError, "'llama' model"),
        ({**VALUES, "reader": {**READER, "layers": [4]}}, SettingError, "layers 0 to 3"),
    ]
    for values, kind, message in cases:
        recipe = tiny_recipe(values)
        with pytest.raises(kind, match=message):
            dry_run(recipe, tiny_corpus)
        with pytest.raises(kind, match=message):
            train(recipe, tiny_corpus, tmp_path / message.replace(" ", "-"), quiet=True)


def test_it_has_no_encoder_to_hand_on(labeler: Labeler, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="training left as it was"):
        write_tuned_backbone(labeler.pretrained, tmp_path / "backbone")
