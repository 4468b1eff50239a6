"""MELD with three sentiments instead of seven emotions; the same conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.formats.relabel import relabel
from erckit.corpora.meld.meld import MELD
from erckit.corpora.meld.meld_counts import MELD_SENTIMENT_COUNTS
from erckit.labels import LabelSet


def _sentiment(
    parse: Callable[[Path, LabelSet], tuple[Conversation, ...]],
) -> Callable[[Path, LabelSet], tuple[Conversation, ...]]:
    return lambda path, label_set: relabel(parse(path, MELD.label_set), "sentiment", label_set, path)


MELD_SENTIMENT = replace(
    MELD,
    name="meld_sentiment",
    title="MELD, sentiments",
    label_set=LabelSet(("negative", "neutral", "positive"), neutral="neutral"),
    layouts=tuple(replace(layout, parse=_sentiment(layout.parse)) for layout in MELD.layouts),
    published=MELD_SENTIMENT_COUNTS,
    folder="meld",
)
