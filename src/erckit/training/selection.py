"""What a training chooses its weights by."""

from __future__ import annotations

from erckit.corpora.corpus import Corpus


def selection_metric(corpus: Corpus) -> str:
    """The metric by which the weights are chosen on dev: that of the corpus' protocol, else weighted F1."""
    protocol = corpus.protocols.get(f"{corpus.name}/dev") or corpus.protocols.get(f"{corpus.name}/test")
    return protocol.metric if protocol is not None else "weighted_f1"
