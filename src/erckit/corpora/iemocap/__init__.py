"""IEMOCAP."""

from erckit.corpora.iemocap.iemocap import IEMOCAP

__all__ = ["IEMOCAP"]
