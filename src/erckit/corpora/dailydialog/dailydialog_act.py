"""DailyDialog with four dialogue acts instead of emotions; the same conversations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.dailydialog.dailydialog import DAILYDIALOG
from erckit.corpora.dailydialog.dailydialog_counts import ACT_COUNTS
from erckit.corpora.formats.relabel import relabel
from erckit.labels import LabelSet


def _act(
    parse: Callable[[Path, LabelSet], tuple[Conversation, ...]],
) -> Callable[[Path, LabelSet], tuple[Conversation, ...]]:
    return lambda path, label_set: relabel(parse(path, DAILYDIALOG.label_set), "act", label_set, path)


DAILYDIALOG_ACT = replace(
    DAILYDIALOG,
    name="dailydialog_act",
    title="DailyDialog, dialogue acts",
    label_set=LabelSet(("commissive", "directive", "inform", "question")),
    layouts=tuple(replace(layout, parse=_act(layout.parse)) for layout in DAILYDIALOG.layouts),
    published=ACT_COUNTS,
    metric="weighted_f1",
    folder="dailydialog",
)
