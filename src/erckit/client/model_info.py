"""A model that a server has."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.labels import LabelSet


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a client should know of a model.

    Args:
        id: What requests name.
        label_set: Its labels.
        causal: Whether no label depends on a later utterance.
        calibrated: Whether its scores were fitted to be read as probabilities.
        default: Whether it is used where none is named.
    """

    id: str
    label_set: LabelSet
    causal: bool
    calibrated: bool
    default: bool
