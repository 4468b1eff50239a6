"""MELD, its emotions and its sentiment."""

from erckit.corpora.meld.meld import MELD

__all__ = ["MELD"]
