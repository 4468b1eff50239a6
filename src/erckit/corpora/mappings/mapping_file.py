"""The file format of label mappings; ``mappings.json`` beside this file is one, a user may write another.

A user's file describes one label set::

    {"mine": {"labels": ["good", "bad", "plain"], "neutral": "plain",
              "from": {"emorynlp": {"pairs": {"joyful": "good", "mad": "bad", "neutral": "plain",
                                              "peaceful": "good", "powerful": null, "sad": "bad", "scared": "bad"},
                                    "doubtful": ["peaceful"]},
                       "polarity": {"pairs": {"positive": "good", "negative": "bad", "neutral": "plain"}},
                       "goemotions": {"through": "polarity"}}}}

``null`` says that a label has no counterpart; ``through`` first maps into a named label set, and then on by a mapping
of the same file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from erckit.errors import LabelSetError, nearest
from erckit.label_mapping import LabelMapping
from erckit.labels import LabelSet


@dataclass(frozen=True, slots=True)
class Target:
    """A label set that others are mapped into.

    Args:
        name: Its name.
        label_set: Its labels, and which is neutral.
        mappings: Name of a source label set (a corpus) to its mapping.
        about: One line about it.
        notes: Name of a source to what must be known of its mapping.
    """

    name: str
    label_set: LabelSet
    mappings: Mapping[str, LabelMapping]
    about: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


def read_targets(path: Path, known: Mapping[str, Target]) -> dict[str, Target]:
    """The label sets of a mapping file, with the mappings into them.

    Args:
        path: The file.
        known: Label sets that a mapping may go through, besides the earlier ones of the file.

    Raises:
        LabelSetError: It cannot be read or has another form; the message names the file and the place.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise LabelSetError(f"{path}{line}: is not a JSON file of label mappings ({error}). Correct it.") from None
    except OSError as error:
        raise LabelSetError(f"{path}: cannot be read ({error.strerror or error}). Check its path.") from None
    try:
        if not isinstance(data, dict) or not data:
            raise LabelSetError("is empty or not an object; begin with the name of a label set.")
        targets: dict[str, Target] = {}
        for name, entry in data.items():
            targets[name] = _target(name, entry, {**known, **targets})
    except LabelSetError as error:
        raise LabelSetError(f"{path}: {error}") from None
    return targets


def _target(name: str, entry: Any, earlier: Mapping[str, Target]) -> Target:
    _check_keys(entry, f"'{name}'", {"labels", "from"}, {"about", "neutral"})
    labels = entry["labels"]
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise LabelSetError(f"'labels' of '{name}' must be a list of words, not {labels!r}.")
    if not isinstance(entry["from"], dict):
        raise LabelSetError(f"'from' of '{name}' must be an object: a corpus' name to its mapping.")
    label_set = LabelSet(tuple(labels), neutral=entry.get("neutral"))
    mappings: dict[str, LabelMapping] = {}
    notes: dict[str, str] = {}
    # Compositions last: they go on from a direct mapping of the same file.
    for source, one in sorted(entry["from"].items(), key=lambda item: _is_composed(item[1])):
        where = f"'{name}' from '{source}'"
        if _is_composed(one):
            _check_keys(one, where, {"through"}, {"note"})
            mappings[source] = _through(name, label_set, source, str(one["through"]), mappings, earlier)
        else:
            _check_keys(one, where, {"pairs"}, {"doubtful", "note"})
            pairs = one["pairs"]
            if not isinstance(pairs, dict) or not all(v is None or isinstance(v, str) for v in pairs.values()):
                raise LabelSetError(f"'pairs' of {where} must be an object: a label to a label or null.")
            doubtful = one.get("doubtful", [])
            if not isinstance(doubtful, list) or not all(isinstance(label, str) for label in doubtful):
                raise LabelSetError(f"'doubtful' of {where} must be a list of labels, not {doubtful!r}.")
            mappings[source] = LabelMapping(name, tuple(pairs), label_set, pairs, frozenset(doubtful))
        if one.get("note"):
            notes[source] = str(one["note"])
    ordered = {source: mappings[source] for source in entry["from"]}
    return Target(name, label_set, ordered, str(entry.get("about", "")), notes)


def _through(
    name: str,
    label_set: LabelSet,
    source: str,
    middle: str,
    direct: Mapping[str, LabelMapping],
    earlier: Mapping[str, Target],
) -> LabelMapping:
    """The mapping of ``source`` into the named label set ``middle``, and from there into this one."""
    if middle not in earlier:
        raise LabelSetError(f"'{name}' from '{source}' goes through the unknown '{middle}'. {nearest(middle, earlier)}")
    first = earlier[middle].mappings.get(source)
    if first is None:
        raise LabelSetError(
            f"'{name}' from '{source}' goes through '{middle}', which has no mapping from '{source}'. "
            f"{nearest(source, earlier[middle].mappings)}"
        )
    reached = set(first.reachable)
    if reached <= set(label_set.labels):
        return first.then(LabelMapping.identity(name, label_set, first.reachable))
    for onward in direct.values():
        if reached <= set(onward.source):
            return first.then(onward)
    raise LabelSetError(
        f"'{name}' from '{source}' goes through '{middle}', but no mapping of '{name}' goes on from the labels "
        f"{list(first.reachable)}; add one."
    )


def _is_composed(entry: Any) -> bool:
    return isinstance(entry, dict) and "through" in entry


def _check_keys(entry: Any, where: str, needed: set[str], optional: set[str]) -> None:
    if not isinstance(entry, dict):
        raise LabelSetError(f"{where} must be an object with {sorted(needed)}, not {entry!r}.")
    for key in sorted(needed - set(entry)):
        raise LabelSetError(f"{where} lacks '{key}'; add it.")
    for key in sorted(set(entry) - needed - optional):
        raise LabelSetError(f"{where} has the unknown key '{key}'. {nearest(key, needed | optional)}")
