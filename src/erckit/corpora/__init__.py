"""Benchmark corpora: one file each. Where they come from, what is known of them, how they are read."""

from erckit.corpora.checks.check_corpus import CorpusCheck, check_corpus
from erckit.corpora.checks.corpus_statistics import CorpusStatistics, corpus_statistics
from erckit.corpora.corpus import Corpus, Protocol
from erckit.corpora.load_corpus import CORPORA, corpus_source, load_corpus

__all__ = [
    "CORPORA",
    "Corpus",
    "CorpusCheck",
    "CorpusStatistics",
    "Protocol",
    "check_corpus",
    "corpus_source",
    "corpus_statistics",
    "load_corpus",
]
