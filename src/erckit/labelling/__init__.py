"""Labelling conversations with a trained model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erckit.labelling.labeler import Labeler as Labeler

__all__ = ["Labeler"]


def __getattr__(name: str) -> Any:
    if name == "Labeler":
        from erckit.labelling.labeler import Labeler

        return Labeler
    raise AttributeError(name)
