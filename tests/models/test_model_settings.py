"""Settings per system: what its class declares can be set, everything else is refused, old spellings are read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any, ClassVar

import pytest

import erckit.models
from erckit.errors import SettingError
from erckit.models import MODELS, model_class
from erckit.models.model_settings import changed_values, declared_settings, model_settings, settings_values
from erckit.models.old_keys import OLD_KEYS
from erckit.models.prompts import PROMPT_STYLES
from erckit.networks.network import ConversationModel
from erckit.networks.shared_settings import SHARED_SETTINGS, ModelSettings
from erckit.recipe.load_recipe import change_recipe, load_recipe

# A value of every shared setting that is no system's default.
OTHER: dict[str, Any] = {
    "text": "spoken", "attention": "full", "pooling": "marker", "has_separator": False, "max_utterance_tokens": 64,
    "left_context": 8,
    "speaker.identity": "local", "speaker.form": "token", "speaker.min_utterances": 1,
    "history.scope": "conversation", "history.order": "file", "history.window": 3, "history.encoder": "own",
    "history.is_frozen": True, "dropout": 0.15, "frozen_layers": 1, "freezes_embeddings": False,
    "reader.kind": "words", "reader.layers": [1], "reader.is_frozen": False, "reader.word_vectors": "glove.txt",
    "reader.has_projection": False, "reader.width": 16, "reader.projection_dropout": 0.35,
    "head.kind": "cosine", "head.dropout": 0.35, "head.temperature": 0.25, "head.is_detached": True,
}  # fmt: skip
# What has to be set beside it for the value to make sense at all.
BESIDE = {
    "speaker.identity": {"speaker.form": "token"},
    "speaker.form": {"speaker.identity": "local"},
    "reader.word_vectors": {"reader.kind": "words"},
}


def nested(leaves: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in leaves.items():
        group, _, last = key.rpartition(".")
        (values.setdefault(group, {}) if group else values)[last] = value
    return values


def shared_leaves(settings: Any, prefix: str = "") -> Iterator[str]:
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if dataclasses.is_dataclass(value):
            yield from shared_leaves(value, f"{prefix}{field.name}.")
        elif f"{prefix}{field.name}" not in ("name", "backbone", "own"):
            yield f"{prefix}{field.name}"


def test_the_table_above_and_the_list_of_shared_settings_are_complete() -> None:
    assert set(shared_leaves(ModelSettings())) == set(OTHER)
    assert {key.partition(".")[0] for key in OTHER} == SHARED_SETTINGS


@pytest.mark.parametrize("key", OTHER)
@pytest.mark.parametrize("name", [*MODELS, *PROMPT_STYLES])
def test_a_shared_setting_that_a_system_does_not_read_is_refused(name: str, key: str) -> None:
    declared = declared_settings(name)
    changes = {key: OTHER[key], **{k: v for k, v in BESIDE.get(key, {}).items() if declared.is_read(k)}}
    if key == "history.scope" and "history.scope" in declared.choices:
        changes[key] = next(s for s in declared.choices[key] if s != declared.defaults.get(key, "all"))
    if key == "speaker.form" and (forms := declared.choices.get(key)):
        changes = {key: forms[0], "speaker.identity": "none"}
    if key == "speaker.identity" and (forms := declared.choices.get("speaker.form")):
        changes["speaker.form"] = forms[-1]
    if declared.is_read(key):
        settings = settings_values(model_settings({"name": name, **nested(changes)}))
        group, _, last = key.rpartition(".")
        assert (settings[group] if group else settings)[last] == (
            tuple(changes[key]) if isinstance(changes[key], list) else changes[key]
        )
    else:
        alone = nested({key: OTHER[key], **BESIDE.get(key, {})})
        who = "not for LLM systems" if name in PROMPT_STYLES else f"not read by model '{name}'"
        group = key.partition(".")[0] if key in BESIDE else key
        with pytest.raises(SettingError, match=rf"'model\.{group}[a-z_.]*' is {who}, got .*\. Leave it out\.$"):
            model_settings({"name": name, **alone})


@pytest.mark.parametrize(
    ("recipe", "key", "value"),
    [
        ("emonet/emorynlp", "model.sentemo.heads", 4),
        ("sentemo/emorynlp", "model.gru_layers", 7),
        ("sentemo/emorynlp", "model.has_projection", False),
        ("sentemo/emorynlp", "model.sentemo.context_window", 99),
        ("emonet_frozen/emorynlp", "model.has_projection", False),
        ("compm/emorynlp", "training.head_first.epochs", 1),
        ("emonet/emorynlp", "model.reader.layers", [1]),
        ("emonet/emorynlp", "model.emonet_frozen.heads", 4),
        ("emonet/emorynlp", "model.compm.gru_layers", 1),
        ("sentemo/emorynlp", "model.sentemo.gru_layers", 7),
        ("emonet_frozen/emorynlp", "model.emonet_frozen.has_projection", False),
        ("emonet_llm/emorynlp", "model.emonet_llm.gru_layers", 7),
        ("emonet/emorynlp", "model.own", {}),
    ],
)
def test_a_key_that_nothing_reads_is_refused_by_name(recipe: str, key: str, value: Any) -> None:
    named = key.rpartition(".")[0] if ".own" in key or "compm." in key or "llm." in key else key
    with pytest.raises(SettingError, match=named.replace(".emonet_frozen.heads", ".emonet_frozen")):
        change_recipe(load_recipe(recipe), {key: value})
    with pytest.raises(SettingError):
        load_recipe(recipe, [f"{key}={value}"])


OLD = {
    "emonet": {"gru_layers": 1, "gru_dropout": 0.0, "has_projection": False, "head_dropout": 0.3},
    "sentemo": {
        "attention": "isolated", "speaker": {"identity": "none", "form": "none"}, "history": {"scope": "preceding"},
        "head_dropout": 0.3,
        "sentemo": {
            "freezes_backbone": False, "layers": [1, 2], "width": 16, "projection_dropout": 0.2, "heads": 4,
            "feedforward": 0, "dropout": 0.1, "is_normalised": True, "head": "cosine", "temperature": 0.2,
            "is_detached": True,
        },
    },
    "emonet_frozen": {
        "attention": "isolated", "speaker": {"form": "embedding"}, "gru_layers": 1,
        "sentemo": {"context_window": 3, "heads": 4, "layers": [2], "has_projection": True},
    },
}  # fmt: skip
NEW = {
    "emonet": {"emonet": {"gru_layers": 1, "gru_dropout": 0.0, "has_projection": False}, "head": {"dropout": 0.3}},
    "sentemo": {
        "history": {"scope": "preceding"},
        "reader": {"is_frozen": False, "layers": [1, 2], "width": 16, "projection_dropout": 0.2},
        "head": {"kind": "cosine", "dropout": 0.3, "temperature": 0.2, "is_detached": True},
        "sentemo": {"heads": 4, "feedforward": 0, "dropout": 0.1, "is_normalised": True},
    },
    "emonet_frozen": {
        "reader": {"layers": [2]},
        "emonet_frozen": {"context_window": 3, "heads": 4, "gru_layers": 1},
    },
}


@pytest.mark.parametrize("name", OLD)
def test_both_spellings_are_the_same_settings(name: str) -> None:
    old, new = ({"name": name, **spelling[name]} for spelling in (OLD, NEW))  # type: ignore[dict-item]
    assert model_settings(old) == model_settings(new)
    assert model_settings(settings_values(model_settings(old))) == model_settings(old)
    assert model_settings(changed_values(model_settings(old))) == model_settings(old)


def written_in_full(name: str) -> dict[str, Any]:
    """Settings as the first version wrote them: those of all systems, at their defaults."""
    values = settings_values(model_settings({"name": name}))
    for group in ("reader", "head", name):
        values.pop(group, None)
    return {**values, **nested({key: old.default for key, old in OLD_KEYS.items()})}


@pytest.mark.parametrize("name", [*MODELS, *PROMPT_STYLES])
def test_what_was_written_with_the_defaults_of_all_systems_is_read(name: str) -> None:
    for is_stored in (False, True):
        assert model_settings(written_in_full(name), is_stored=is_stored) == model_settings({"name": name})


def test_a_folder_may_hold_what_nothing_read_and_a_recipe_may_not() -> None:
    values = {"name": "emonet", "gru_layers": 1, "sentemo": {"heads": 4, "layers": [1]}, "reader": {"width": 8}}
    assert model_settings(values, is_stored=True) == model_settings({"name": "emonet", "emonet": {"gru_layers": 1}})
    for key in ("sentemo", "reader"):
        with pytest.raises(SettingError, match=f"'model.{key}"):
            model_settings({"name": "emonet", key: values[key]})


def test_one_setting_in_two_spellings_is_refused() -> None:
    with pytest.raises(SettingError, match=r"'model\.head_dropout' and 'model\.head\.dropout' are the same setting"):
        model_settings({"head_dropout": 0.2, "head": {"dropout": 0.3}})


def test_set_takes_both_spellings_over_a_recipe_in_either() -> None:
    first = ["model.sentemo.layers=[1]", "model.gru_layers=2", "model.head_dropout=0"]
    today = ["model.reader.layers=[1]", "model.emonet_frozen.gru_layers=2", "model.head.dropout=0"]
    old, new = (load_recipe("emonet_frozen/emorynlp", spelling) for spelling in (first, today))
    assert old == new
    assert (old.model.reader.layers, old.model.own.gru_layers, old.model.head.dropout) == ((1,), 2, 0)
    group = load_recipe("sentemo/emorynlp", ["model.sentemo={layers: [1], heads: 4}"]).model
    assert (group.reader.layers, group.own.heads) == ((1,), 4)


def test_a_system_of_the_same_settings_takes_them_over() -> None:
    thesis = load_recipe("emonet/emorynlp_thesis", ["model.name=compm"])
    assert thesis.model.own.has_projection is False
    assert change_recipe(load_recipe("emonet/emorynlp_thesis"), {"model.name": "compm"}).model == thesis.model
    with pytest.raises(SettingError, match="model"):
        load_recipe("emonet/emorynlp_thesis", ["model.name=sentemo"])


def test_messages_name_the_systems_own_key() -> None:
    for values, message in (
        ({"emonet": {"gru_layers": 0}}, "model.emonet: 'gru_layers' must be at least 1, got 0"),
        ({"emonet": {"gru_layer": 1}}, "unknown key 'model.emonet.gru_layer'. Did you mean 'gru_layers'"),
        ({"emonet": 3}, "'model.emonet' must hold keys of its own"),
        ({"sentemo": {"head": "linear", "hedas": 3}}, "unknown key 'model.sentemo'"),
        ({"name": "emonte"}, "unknown model 'emonte'. Did you mean 'emonet'"),
        ({"name": 5}, "'model.name' must be str"),
    ):
        with pytest.raises(SettingError) as caught:
            model_settings(values)
        assert message in str(caught.value)


@dataclass(frozen=True, slots=True)
class PluginSettings:
    """Of the system below."""

    states: int = 3


class Plugin(ConversationModel):
    """What another package may bring."""

    Settings = PluginSettings
    reads_settings = frozenset({"dropout", "head.dropout"})
    defaults: ClassVar[Mapping[str, Any]] = {"attention": "isolated"}


class OlderPlugin(ConversationModel):
    """One that declares nothing reads what all systems share."""


def test_a_system_of_another_package_has_settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint(n, f"{__name__}:{c}", "erckit.models") for n, c in (("plug", "Plugin"), ("old", "OlderPlugin"))
    ]
    monkeypatch.setattr(erckit.models, "entry_points", lambda group: points)
    assert model_class("plug") is Plugin
    settings = model_settings({"name": "plug", "plug": {"states": 5}, "dropout": 0.1})
    assert (settings.own, settings.attention) == (PluginSettings(5), "isolated")
    assert settings_values(settings)["plug"] == {"states": 5}
    recipe = change_recipe(load_recipe("emonet/emorynlp_mpnet"), {"model": {"name": "plug"}})
    assert change_recipe(recipe, {"model.plug.states": 4}).to_dict()["model"]["plug"] == {"states": 4}
    with pytest.raises(SettingError, match=r"'model\.pooling' is not read by model 'plug'"):
        model_settings({"name": "plug", "pooling": "marker"})
    with pytest.raises(SettingError, match=r"unknown key 'model\.plug\.sates'"):
        model_settings({"name": "plug", "plug": {"sates": 5}})
    assert model_settings({"name": "old", "pooling": "marker"}).own is None
    with pytest.raises(SettingError, match="no settings of its own"):
        model_settings({"name": "old", "old": {"states": 5}})
