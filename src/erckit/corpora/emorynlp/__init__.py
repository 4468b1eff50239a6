"""EmoryNLP, as published and aligned with its episodes."""

from erckit.corpora.emorynlp.emorynlp import EMORYNLP

__all__ = ["EMORYNLP"]
