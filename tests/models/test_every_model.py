"""What holds for every system with a network of its own. A new system is one line in ``TABLE``."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_pre_hook

from erckit.conversation import Conversation, Utterance
from erckit.errors import SettingError
from erckit.labelling import Labeler
from erckit.labelling.stream.stream_state import StreamedUtterance
from erckit.memory.identity import SpeakerRegistry
from erckit.model_folder.network_folder import load_pretrained, new_model
from erckit.models import MODELS, model_class
from erckit.models.model_settings import declared_settings, model_settings
from erckit.networks.dialogues import Dialogues
from erckit.networks.inference import predict_logits
from erckit.networks.network import ConversationModel
from erckit.networks.preparation import Preparation, with_known_vectors
from erckit.networks.shared_settings import ModelSettings
from erckit.training.run import dry_run, train

TOLERANCE = 2e-5
VECTORS = {"reader": {"layers": [1, 3]}}
LINES = {"reader": {"kind": "causal_lm", "layers": [1, 3]}}
# Per variant: settings on the tiny backbone (32 units); the name of the system stands before the colon.
TABLE: dict[str, dict[str, Any]] = {
    "compm": {"history": {"window": 4}},
    "emonet": {"history": {"window": 4}},
    "sentemo": {**VECTORS, "history": {"window": 4}, "sentemo": {"heads": 4, "feedforward": 16}},
    "emonet_frozen": {**VECTORS, "emonet_frozen": {"heads": 4, "feedforward": 16, "context_window": 3}},
    "dialogue_rnn": {**VECTORS, "dialogue_rnn": {"scene": 8, "party": 8, "emotion": 8, "hidden": 8, "scenes": 6}},
    "dialogue_rnn: listeners hear": {"dialogue_rnn": {"scene": 8, "party": 8, "emotion": 8, "listener": "hears"}},
    "sentemo: a causal LM": {**LINES, "history": {"window": 4}, "sentemo": {"heads": 4, "feedforward": 16}},
    "emonet_frozen: a causal LM": {**LINES, "emonet_frozen": {"heads": 4, "feedforward": 16, "context_window": 3}},
    "dialogue_rnn: a causal LM": {**LINES, "dialogue_rnn": {"scene": 8, "party": 8, "emotion": 8}},
    # Not causal
    "sentemo: chunk": {"history": {"scope": "chunk", "window": 4}, "sentemo": {"heads": 4}},
    "dialogue_rnn: both directions": {"dialogue_rnn": {"scene": 8, "party": 8, "is_bidirectional": True}},
}
# Where a plain change (twice as large, the other truth value) is not allowed or says nothing.
OTHER_VALUES: dict[str, Any] = {"listener": "hears", "context_window": 5, "scenes": 2}
SPEAKERS = ("Ana", "Ben", "Cleo")


def _values(variant: str) -> dict[str, Any]:
    return {"name": variant.partition(":")[0], **TABLE[variant]}


def _settings(values: dict[str, Any]) -> ModelSettings:
    return model_settings({"backbone": "tiny", **values})


CAUSAL = [v for v in TABLE if model_class(_values(v)["name"]).is_causal(_settings(_values(v)))]
RUNS_ALONE = [v for v in TABLE if ":" not in v]


def test_every_system_is_in_the_table() -> None:
    assert {variant.partition(":")[0] for variant in TABLE} == set(MODELS)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def labeler_of(
    tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Labeler]:
    """``labeler_of(variant)``: trained for one epoch, loaded from its folder."""
    made: dict[str, Labeler] = {}

    def make(variant: str) -> Labeler:
        if variant not in made:
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("ERCKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
                recipe = tiny_recipe(_values(variant), {"epochs": 1})
                folder = train(recipe, tiny_corpus, tmp_path_factory.mktemp("model") / "run", quiet=True)
                made[variant] = Labeler.from_pretrained(folder, precision="fp32")
        return made[variant]

    return make


@pytest.fixture(scope="module")
def talks(talk: Callable[..., Any]) -> list[Conversation]:
    """One utterance; a lone speaker; nine speakers; nobody named; ordinary ones of several lengths."""
    crowd = tuple(f"Speaker {i}" for i in range(9))
    return [
        talk(1, 1),
        talk(2, 5, speakers=("Ana",)),
        talk(3, 18, speakers=crowd),
        talk(4, 4, speakers=("",)),
        talk(5, 13, speakers=SPEAKERS),
        talk(6, 7, speakers=SPEAKERS),
    ]


def _scores(labeler: Labeler, conversations: Sequence[Conversation], **options: Any) -> np.ndarray:
    labelled = labeler.label(conversations, **options)
    return np.array([list(p.scores.values()) for one in labelled for p in one.predictions])


@pytest.mark.parametrize("variant", TABLE)
def test_a_batch_is_its_conversations_alone(
    labeler_of: Callable[[str], Labeler], talks: list[Conversation], variant: str
) -> None:
    labeler = labeler_of(variant)
    alone = np.concatenate([_scores(labeler, [conversation]) for conversation in talks])
    assert np.abs(_scores(labeler, talks) - alone).max() < TOLERANCE


@pytest.mark.parametrize("variant", CAUSAL)
def test_a_stream_gives_the_scores_of_the_batch(
    labeler_of: Callable[[str], Labeler], talks: list[Conversation], variant: str
) -> None:
    labeler = labeler_of(variant)
    for conversation in talks:
        stream = labeler.stream()
        streamed = [list(stream.add(u.speaker, u.text).scores.values()) for u in conversation.utterances]
        assert np.abs(np.array(streamed) - _scores(labeler, [conversation])).max() < 1e-4


@pytest.mark.parametrize("variant", [v for v in TABLE if v not in CAUSAL])
def test_a_system_that_reads_on_refuses_to_stream(labeler_of: Callable[[str], Labeler], variant: str) -> None:
    with pytest.raises(SettingError, match="reads later utterances"):
        labeler_of(variant).stream()


@pytest.mark.parametrize("variant", TABLE)
def test_only_systems_that_say_so_read_later_utterances(
    labeler_of: Callable[[str], Labeler], talks: list[Conversation], variant: str
) -> None:
    labeler, conversation = labeler_of(variant), talks[4]
    whole = _scores(labeler, [conversation])
    differences = []
    for t in range(1, len(conversation.utterances)):
        later = tuple(Utterance(u.id, "Ben", "angry red coffee") for u in conversation.utterances[t:])
        changed = Conversation(conversation.id, (*conversation.utterances[:t], *later))
        differences.append(np.abs(_scores(labeler, [changed])[:t] - whole[:t]).max())
    assert (max(differences) < TOLERANCE) == (variant in CAUSAL)
    assert labeler.causal == (variant in CAUSAL)


@pytest.mark.parametrize("variant", TABLE)
def test_padding_is_never_read(
    labeler_of: Callable[[str], Labeler],
    talks: list[Conversation],
    variant: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labeler = labeler_of(variant)
    before = _scores(labeler, talks)

    def padded(self: Dialogues, rows: torch.Tensor) -> torch.Tensor:
        mask = self.mask
        filler = 1e6 if rows.is_floating_point() else 3
        result = rows.new_full((*mask.shape, *rows.shape[1:]), filler)
        return result.masked_scatter(mask.view(*mask.shape, *[1] * (rows.ndim - 1)), rows)

    monkeypatch.setattr(Dialogues, "padded", padded)
    tokenizer = labeler.pretrained.preparation.tokenizer
    monkeypatch.setattr(tokenizer, "padding_token", 7)
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "nothing is kept here"))
    assert np.abs(_scores(labeler, talks) - before).max() < TOLERANCE


@pytest.mark.parametrize("variant", TABLE)
def test_a_saved_model_is_the_same_when_loaded(
    labeler_of: Callable[[str], Labeler], talks: list[Conversation], variant: str, tmp_path: Path
) -> None:
    labeler = labeler_of(variant)
    labeler.pretrained.save_pretrained(tmp_path / "copy")
    copy = Labeler.from_pretrained(tmp_path / "copy", precision="fp32")
    assert np.array_equal(_scores(copy, talks), _scores(labeler, talks))
    assert copy.pretrained.settings == labeler.pretrained.settings


@pytest.mark.parametrize("variant", TABLE)
def test_a_dry_run_tells_the_cost(tiny_recipe: Callable[..., Any], tiny_corpus: Any, variant: str) -> None:
    estimate = dry_run(tiny_recipe(_values(variant), {"epochs": 1}), tiny_corpus)
    assert estimate.steps > 0
    assert estimate.tokens > 100
    assert estimate.memory_mb >= 1


class _Killed(BaseException):
    pass


@pytest.mark.trains
@pytest.mark.parametrize("variant", TABLE)
def test_a_killed_training_goes_on_to_the_same_weights(
    tiny_recipe: Callable[..., Any], tiny_corpus: Any, tmp_path: Path, variant: str
) -> None:
    recipe = tiny_recipe(_values(variant), {"epochs": 2, "average": 0.9})
    left = [4]

    def stop(*_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise _Killed

    hook = register_optimizer_step_pre_hook(stop)
    try:
        with pytest.raises(_Killed):
            train(recipe, tiny_corpus, tmp_path / "killed", quiet=True, checkpoint_seconds=0)
    finally:
        hook.remove()
    whole, resumed = (
        load_pretrained(train(recipe, tiny_corpus, tmp_path / name, quiet=True)).model.state_dict()
        for name in ("whole", "killed")
    )
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def _network(values: dict[str, Any], folder: Path, label_set: Any) -> tuple[ConversationModel, Preparation]:
    settings = _settings(values)
    registry = SpeakerRegistry(settings.speaker.identity, SPEAKERS)
    torch.manual_seed(2)
    return new_model(settings, label_set, registry, folder)


def _prepared(model: ConversationModel, preparation: Preparation, folder: Path, talks: Sequence[Conversation]) -> Any:
    prepared = preparation.prepare(talks)
    return with_known_vectors(model, preparation, prepared, talks, folder, precision="fp32", keep=False)


@pytest.mark.parametrize("variant", TABLE)
def test_gradients_reach_every_parameter_that_is_trained(
    tiny_reader: Callable[[Any], Path], tiny_corpus: Any, talks: list[Conversation], variant: str
) -> None:
    folder = tiny_reader(_values(variant))
    model, preparation = _network(_values(variant), folder, tiny_corpus.label_set)
    prepared = _prepared(model, preparation, folder, talks)
    inputs, outside = preparation.inputs(prepared, range(len(talks)))
    assert not len(outside)
    with torch.no_grad():  # what starts at zero would keep gradients from what is behind it
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    output = model.train()(inputs.with_outside(torch.empty(0, model.memory_width)))
    labels = torch.arange(len(output.logits)) % len(tiny_corpus.label_set)
    F.cross_entropy(output.logits, labels).backward()
    unreached = [
        name
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and (parameter.grad is None or not parameter.grad.any())
    ]
    assert unreached == []


def _own_settings(variant: str) -> Iterator[str]:
    declared = declared_settings(_values(variant)["name"])
    yield from (field.name for field in dataclasses.fields(declared.own)) if declared.own is not None else ()


@pytest.mark.parametrize(
    ("variant", "setting"), [(variant, setting) for variant in RUNS_ALONE for setting in _own_settings(variant)]
)
def test_every_setting_of_its_own_has_an_effect(
    tiny_reader: Callable[[Any], Path], tiny_corpus: Any, talks: list[Conversation], variant: str, setting: str
) -> None:
    values = _values(variant)
    name = values["name"]
    if setting == "gru_dropout":  # between layers: there have to be two
        values = {**values, name: {**values.get(name, {}), "gru_layers": 2}}
    before = getattr(_settings(values).own, setting)
    other = OTHER_VALUES.get(setting, not before if isinstance(before, bool) else before * 2 or 0.5)
    changed = {**values, name: {**values.get(name, {}), setting: other}}
    folder = tiny_reader(values)
    said = []
    for given in (values, changed):
        model, preparation = _network(given, folder, tiny_corpus.label_set)
        prepared = _prepared(model, preparation, folder, talks)
        inputs, _ = preparation.inputs(prepared, range(len(talks)))
        inputs = inputs.with_outside(torch.empty(0, model.memory_width))
        logits = [predict_logits(model, preparation, prepared, range(len(talks)), precision="fp32")]
        torch.manual_seed(9)
        with torch.no_grad():
            logits.append(model.train()(inputs).logits.numpy())
        said.append(np.concatenate(logits))
    assert np.abs(said[0] - said[1]).max() > 1e-4


@pytest.mark.parametrize("variant", CAUSAL)
def test_many_conversations_stream_side_by_side(labeler_of: Callable[[str], Labeler], variant: str) -> None:
    from erckit.labelling.stream.stream_pool import StreamPool

    labeler, rng = labeler_of(variant), random.Random(3)
    pool = StreamPool(labeler)
    lines = [
        (rng.choice("xyz"), rng.choice(SPEAKERS), rng.choice(["red dog", "angry", "oh happy day"])) for _ in range(20)
    ]
    streamed: dict[str, list[list[float]]] = {}
    for where, speaker, text in lines:
        prediction = pool.add([StreamedUtterance(where, speaker, text)])[0]
        streamed.setdefault(where, []).append(list(prediction.scores.values()))
    for where, scores in streamed.items():
        said = tuple(Utterance(str(i), s, t) for i, (w, s, t) in enumerate(lines) if w == where)
        assert np.abs(_scores(labeler, [Conversation(where, said)]) - np.array(scores)).max() < 1e-4


def test_the_checks_can_fail(labeler_of: Callable[[str], Labeler], talks: list[Conversation]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        model: Any = type(labeler_of("emonet_frozen").pretrained.model)
        look = model.look
        patch.setattr(model, "look", lambda self, targets, *rest: look(self, targets, *rest) + targets.mean())
        with pytest.raises(AssertionError):
            test_a_batch_is_its_conversations_alone(labeler_of, talks, "emonet_frozen")
