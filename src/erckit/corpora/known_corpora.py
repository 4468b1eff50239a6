"""The benchmark corpora that erckit knows by name, those of other packages included."""

from __future__ import annotations

from erckit.corpora.corpus_source import CorpusSource
from erckit.errors import CorpusError, nearest
from erckit.plugins import CORPORA as GROUP
from erckit.plugins import load_part, plugged_in

# A corpus is one file and one line here; the module is imported when it is needed.
CORPORA: dict[str, str] = {
    "emorynlp": "erckit.corpora.emorynlp.emorynlp:EMORYNLP",
    "emorynlp_aligned": "erckit.corpora.emorynlp.emorynlp_aligned:EMORYNLP_ALIGNED",
    "meld": "erckit.corpora.meld.meld:MELD",
    "meld_sentiment": "erckit.corpora.meld.meld_sentiment:MELD_SENTIMENT",
    "dailydialog": "erckit.corpora.dailydialog.dailydialog:DAILYDIALOG",
    "dailydialog_act": "erckit.corpora.dailydialog.dailydialog_act:DAILYDIALOG_ACT",
    "dailydialog_topic": "erckit.corpora.dailydialog.dailydialog_topic:DAILYDIALOG_TOPIC",
    "iemocap": "erckit.corpora.iemocap.iemocap:IEMOCAP",
    "goemotions": "erckit.corpora.goemotions:GOEMOTIONS",
    "topical_chat": "erckit.corpora.topical_chat:TOPICAL_CHAT",
    "casino": "erckit.corpora.casino:CASINO",
    "edos": "erckit.corpora.edos:EDOS",
    "xed": "erckit.corpora.xed:XED",
    "empathetic_dialogues": "erckit.corpora.empathetic_dialogues:EMPATHETIC_DIALOGUES",
}


def known_corpora() -> dict[str, str]:
    """Every corpus: name to where its source stands, erckit's own first."""
    return {**CORPORA, **plugged_in(GROUP, CORPORA)}


def is_known_corpus(name: str) -> bool:
    """Whether a benchmark corpus has this name."""
    return name in CORPORA or name in plugged_in(GROUP, CORPORA)


def corpus_source(name: str) -> CorpusSource:
    """What is known of a corpus: licence, source, layouts, published counts.

    Raises:
        CorpusError: No corpus of that name; the message names the nearest.
        SettingError: It is one of another package, which cannot be imported.
    """
    corpora = CORPORA if name in CORPORA else known_corpora()
    if name not in corpora:
        raise CorpusError(f"unknown corpus '{name}'. {nearest(name, corpora)}")
    source: CorpusSource = load_part(GROUP, name, corpora[name])
    return source
