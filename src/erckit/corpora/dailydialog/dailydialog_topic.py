"""DailyDialog with the topic of the conversation; the label stands on the last utterance, the others are context."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.dailydialog.dailydialog import DAILYDIALOG
from erckit.corpora.dailydialog.dailydialog_counts import TOPIC_COUNTS
from erckit.corpora.dailydialog.topic_counts import TOPICS
from erckit.errors import CorpusError, nearest
from erckit.labels import LabelSet


def _topic(
    parse: Callable[[Path, LabelSet], tuple[Conversation, ...]],
) -> Callable[[Path, LabelSet], tuple[Conversation, ...]]:
    def parse_topics(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
        return tuple(_labelled_last(c, label_set, path) for c in parse(path, DAILYDIALOG.label_set))

    return parse_topics


def _labelled_last(conversation: Conversation, label_set: LabelSet, path: Path) -> Conversation:
    topic = conversation.meta.get("topic")
    if topic is None:
        raise CorpusError(
            f"{path}: the topic of conversation '{conversation.id}' is not known. Put dialogues_text.txt and "
            f"dialogues_topic.txt of the authors' archive, or a topics_{path.stem}.txt, beside it."
        )
    if topic not in label_set:
        raise CorpusError(
            f"{path}: conversation '{conversation.id}' has the topic '{str(topic)[:40]}'. "
            f"{nearest(str(topic), label_set.labels)} Mend it, or get the corpus again."
        )
    last = len(conversation) - 1
    return replace(
        conversation,
        utterances=tuple(
            replace(u, label=topic if n == last else None, extra={**u.extra, "emotion": u.label})
            for n, u in enumerate(conversation.utterances)
        ),
    )


DAILYDIALOG_TOPIC = replace(
    DAILYDIALOG,
    name="dailydialog_topic",
    title="DailyDialog, topics",
    label_set=LabelSet(tuple(sorted(TOPICS))),
    layouts=tuple(replace(layout, parse=_topic(layout.parse)) for layout in DAILYDIALOG.layouts),
    files=(),
    manual=(
        "the published splits do not say the topics. Get the authors' archive (http://yanran.li/dailydialog), put its "
        "three zips, dialogues_text.txt and dialogues_topic.txt into one folder, and name it with --from"
    ),
    published=TOPIC_COUNTS,
    metric="weighted_f1",
    has_unlabelled=True,
    folder="dailydialog",
)
