"""The corpus: three files of minutes."""

from __future__ import annotations

from dinner_talk.reader import read_split
from erckit.corpora.corpus_source import CorpusSource, Layout
from erckit.labels import LabelSet

SPLITS = {"train": "train.dinner", "dev": "dev.dinner", "test": "test.dinner"}
DINNER = CorpusSource(
    name="dinner",
    title="Dinner talk",
    version="1",
    licence="CC0",
    source="https://example.org/dinner",
    label_set=LabelSet(("Glad", "Cross")),
    layouts=(Layout("minutes", SPLITS, lambda path, labels: read_split(path), has_story=False),),
    files=(),
    published={},
    anonymous_speakers=frozenset(),
    metric="balanced_accuracy",
    memory={"test": ("nothing", ()), "dev": ("nothing", ())},
)
