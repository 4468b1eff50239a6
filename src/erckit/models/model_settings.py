"""Settings of a model from what a recipe or a model folder says: shared ones, and those of the system it names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from erckit.backbones.causal_lms import CAUSAL_BACKBONES, DEFAULT_CAUSAL_LM
from erckit.backbones.encoders import BACKBONES, DEFAULT_BACKBONE
from erckit.errors import SettingError, nearest
from erckit.models import MODELS, model_class, model_table
from erckit.models.old_keys import OLD_KEYS, OWN, moved_settings, new_place
from erckit.models.prompts import PROMPT_STYLES, prompt_style_class
from erckit.networks.shared_settings import SHARED_SETTINGS, ModelSettings
from erckit.settings import settings_from_dict

_ALWAYS = frozenset({"name", "backbone"})
_KEYS = SHARED_SETTINGS | _ALWAYS


@dataclass(frozen=True, slots=True)
class DeclaredSettings:
    """What a system's class says about its settings.

    Args:
        name: The system.
        own: Dataclass of its own settings, None where it has none.
        reads: Shared keys that it reads, dotted; a group's name stands for all of the group.
        defaults: Shared defaults that differ for it, by dotted key.
        choices: Values of shared keys that it knows, where it does not know all.
        is_prompted: Whether it is a causal LM that reads prompts.
    """

    name: str
    own: type[Any] | None
    reads: frozenset[str]
    defaults: Mapping[str, Any]
    choices: Mapping[str, tuple[str, ...]]
    is_prompted: bool = False

    @property
    def own_names(self) -> frozenset[str]:
        """Names of its own settings."""
        return frozenset() if self.own is None else frozenset(f.name for f in dataclasses.fields(self.own))

    def is_read(self, key: str) -> bool:
        """Whether the system reads a shared key."""
        return any(f"{key}.".startswith(f"{read}.") for read in (*self.reads, *_ALWAYS))

    def refusal(self, key: str, value: Any) -> SettingError:
        """Why a key cannot be set that the system does not read."""
        who = "not for LLM systems" if self.is_prompted else f"not read by model '{self.name}'"
        return SettingError(f"'model.{key}' is {who}, got {value!r}. Leave it out.")


def declared_settings(name: str) -> DeclaredSettings:
    """What the class of a system says about its settings.

    Raises:
        SettingError: No system of that name.
    """
    is_prompted = name in PROMPT_STYLES
    if not is_prompted and name not in MODELS and name not in model_table():
        known = (*model_table(), *PROMPT_STYLES)
        raise SettingError(f"unknown model '{name}'. {nearest(name, known)}")
    system: Any = prompt_style_class(name) if is_prompted else model_class(name)
    return DeclaredSettings(
        name,
        getattr(system, "Settings", None),
        frozenset(getattr(system, "reads_settings", SHARED_SETTINGS)),
        getattr(system, "defaults", {}),
        getattr(system, "choices", {}),
        is_prompted,
    )


def model_settings(values: Mapping[str, Any], *, is_stored: bool = False) -> ModelSettings:
    """Build a model's settings, in today's spelling or the first one.

    Args:
        values: What stands below ``model``: key to value, groups nested. Missing keys keep the system's defaults.
        is_stored: Whether an earlier version wrote it, which took settings that nothing read: they are passed over.

    Raises:
        SettingError: An unknown system or key, a value that does not fit, or a setting that the system does not read.
    """
    name = values.get("name", ModelSettings.__dataclass_fields__["name"].default)
    if not isinstance(name, str):
        raise SettingError(f"'model.name' must be str, got {name!r}.")
    declared = declared_settings(name)
    given = today(values, declared, is_stored=is_stored)
    own = given.pop(name, None)
    for key in given:
        if key not in _KEYS:
            earlier = (k for k in OLD_KEYS if "." not in k and new_place(k, name, declared.own_names) is not None)
            known = sorted({*_KEYS, *earlier} if declared.own is None else {*_KEYS, *earlier, name})
            raise SettingError(f"unknown key 'model.{key}'. {nearest(str(key), known)}")
    if is_stored:
        given = dict(_nested((k, v) for k, v in _leaves(given) if declared.is_read(k) or not _is_shared(k)))
    shared = _merged(_nested(declared.defaults.items()), given)
    settings = settings_from_dict(ModelSettings, shared, "model.")
    settings = dataclasses.replace(settings, own=_own_settings(declared, own))
    check_settings(settings, declared)
    return settings


def today(values: Mapping[str, Any], declared: DeclaredSettings, *, is_stored: bool = False) -> dict[str, Any]:
    """What stands below ``model`` in today's spelling; groups are copies.

    Args:
        values: In either spelling.
        declared: Of the system.
        is_stored: See :func:`model_settings`.

    Raises:
        SettingError: A setting of the first spelling that the system does not read, or one that is said twice.
    """
    result = {key: dict(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    for moved in moved_settings(values, declared.name, declared.own_names):
        group, _, last = moved.key.rpartition(".")
        (result[group] if group else result).pop(last)
        if group and not result[group]:
            del result[group]
        is_own = moved.place is not None and moved.place.startswith(f"{declared.name}.")
        if moved.place is None or not (is_own or declared.is_read(moved.place)):
            if not is_stored and not moved.is_default:
                raise declared.refusal(moved.key, moved.value)
            continue
        group, _, last = moved.place.partition(".")
        inner = result.setdefault(group, {})
        if last in inner:
            raise SettingError(f"'model.{moved.key}' and 'model.{moved.place}' are the same setting. Leave one out.")
        inner[last] = moved.value
    return result


def check_settings(settings: ModelSettings, declared: DeclaredSettings | None = None) -> None:
    """Refuse shared settings that the system does not read, and values that it does not know.

    Args:
        settings: Of any system.
        declared: Of that system, where it is at hand.

    Raises:
        SettingError: The message names the key.
    """
    declared = declared or declared_settings(settings.name)
    if declared.own is not None and not isinstance(settings.own, declared.own):
        raise SettingError(
            f"settings of model '{settings.name}' lack its own, {declared.own.__name__}. "
            "Build them with erckit.models.model_settings."
        )
    for key, value in changed_leaves(settings, declared):
        if not declared.is_read(key):
            raise declared.refusal(key, value)
    shared = dict(_leaves(_shared_values(settings)))
    for key, known in declared.choices.items():
        if shared[key] not in known:
            named = " or ".join(filter(None, (", ".join(known[:-1]), known[-1])))
            kind = "an LLM system" if declared.is_prompted else f"model '{settings.name}'"
            raise SettingError(f"'model.{key}' of {kind} is {named}, got '{shared[key]}'.")
    if not declared.is_prompted:
        _check_backbone(settings, declared)


def _check_backbone(settings: ModelSettings, declared: DeclaredSettings) -> None:
    """Refuse a backbone that is known by name to be of the kind that the reader cannot read with."""
    name, is_causal = settings.backbone, settings.reader.kind == "causal_lm"
    if is_causal and any(name in (encoder.name, encoder.hub_name) for encoder in BACKBONES.values()):
        raise SettingError(
            f"'model.reader.kind: causal_lm' reads with a causal language model, and '{name}' is an encoder. "
            f"Set model.backbone, to '{DEFAULT_CAUSAL_LM}' for instance."
        )
    if not is_causal and name in CAUSAL_BACKBONES:
        other = ", or model.reader.kind to 'causal_lm'" if declared.is_read("reader.kind") else ""
        raise SettingError(
            f"'model.backbone: {name}' is a causal language model, and model '{settings.name}' as it is set here reads "
            f"with an encoder. Set model.backbone to one, '{DEFAULT_BACKBONE}' for instance{other}."
        )


def default_settings(declared: DeclaredSettings) -> ModelSettings:
    """Shared settings of a system of which nothing is said."""
    return settings_from_dict(ModelSettings, _nested([*declared.defaults.items(), ("name", declared.name)]))


def changed_leaves(settings: ModelSettings, declared: DeclaredSettings | None = None) -> Iterator[tuple[str, Any]]:
    """Dotted key and value of every shared setting that is not at the system's default."""
    declared = declared or declared_settings(settings.name)
    defaults = dict(_leaves(_shared_values(default_settings(declared))))
    for key, value in _leaves(_shared_values(settings)):
        if value != defaults[key]:
            yield key, value


def settings_values(settings: ModelSettings) -> dict[str, Any]:
    """Nested dictionary of all settings, as it would stand below ``model``: the system's own under its name.

    A text that is read as it is written goes without saying, as in all folders from before there was another.
    """
    values = dataclasses.asdict(settings)
    if values["text"] == "written" == declared_settings(settings.name).defaults.get("text", "written"):
        del values["text"]
    own = values.pop(OWN)
    return values if own is None else {**values, settings.name: own}


def changed_values(settings: ModelSettings) -> dict[str, Any]:
    """The least that has to stand below ``model`` for these settings."""
    values = {"name": settings.name, **_nested(changed_leaves(settings))}
    if settings.own is None:
        return values
    plain, own = dataclasses.asdict(type(settings.own)()), dataclasses.asdict(settings.own)
    changed = {key: value for key, value in own.items() if value != plain[key]}
    return {**values, settings.name: changed} if changed else values


def _own_settings(declared: DeclaredSettings, given: Any) -> Any:
    where = f"model.{declared.name}"
    if declared.own is None:
        if given is not None:
            raise SettingError(f"unknown key '{where}': the system has no settings of its own. Leave it out.")
        return None
    if given is not None and not isinstance(given, Mapping):
        raise SettingError(f"'{where}' must hold keys of its own, got {given!r}.")
    try:
        return settings_from_dict(declared.own, given or {}, f"{where}.")
    except SettingError as error:
        if where in str(error):
            raise
        raise SettingError(f"{where}: {error}") from None


def _shared_values(settings: ModelSettings) -> dict[str, Any]:
    values = dataclasses.asdict(settings)
    del values[OWN]
    return values


def _is_shared(key: str) -> bool:
    return key.partition(".")[0] in SHARED_SETTINGS


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _nested(leaves: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in leaves:
        *groups, last = key.split(".")
        inner = values
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[last] = value
    return values


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(below[key], value) if isinstance(below.get(key), Mapping) and isinstance(value, Mapping) else value
        for key, value in above.items()
    }
    return {**below, **both}
