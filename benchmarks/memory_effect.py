"""Does a remembered history change the scores? A cold speaker memory against one that knows the train split.

Run from the repository root: python benchmarks/memory_effect.py [--model emonet-emorynlp] [--corpus emorynlp]
[--corpus-folder DIR] [--check] [--out FILE]

The test split is labelled four times, each conversation as its users would meet it:

cold: without a speaker memory; a speaker's history is the conversation.
own: with an empty memory; what was said in earlier test conversations is remembered.
story: with a memory filled by the train split, everything with the time of its place in the story, so that a test
    utterance remembers only what was said before it. With --check it is compared with ``label(history="all")``.
afterwards: with a memory filled by the train split in story order before the first test conversation, without times:
    what came first is what was labelled first, so a scene of an early episode remembers later ones, too.

Gold labels are not read for any of it but the score.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from erckit.conversation import Conversation, Prediction
from erckit.corpora import load_corpus
from erckit.labelling import Labeler
from erckit.labels import LabelSet
from erckit.memory.history import story_order
from erckit.memory.speaker_store import SpeakerStore
from erckit.memory.store.open_store import open_store
from erckit.metrics.classification import classification_report
from erckit.metrics.paired_bootstrap import paired_bootstrap
from erckit.progress import Progress
from erckit.storage.atomic import write_text

FIRST = 1_000_000_000.0  # a moment to count the story's seconds from


def with_times(conversations: Sequence[Conversation]) -> list[Conversation]:
    """The same conversations; utterances have the seconds of their place in the story, a day for a conversation."""
    timed = list(conversations)
    for day, c in enumerate(story_order(conversations)):
        said = conversations[c].utterances
        moments = [FIRST + 86_400.0 * day + i for i in range(len(said))]
        utterances = tuple(dataclasses.replace(u, start=at) for u, at in zip(said, moments, strict=True))
        timed[c] = dataclasses.replace(conversations[c], utterances=utterances)
    return timed


def without_times(conversations: Sequence[Conversation]) -> list[Conversation]:
    """The same conversations without any time."""
    return [
        dataclasses.replace(c, utterances=tuple(dataclasses.replace(u, start=None) for u in c.utterances))
        for c in conversations
    ]


def label_in_turn(labeler: Labeler, conversations: Sequence[Conversation], bar: Progress) -> list[list[Prediction]]:
    """Predictions of each conversation, which are met one by one in story order."""
    found: dict[int, list[Prediction]] = {}
    for c in story_order(conversations):
        (labelled,) = labeler.label([conversations[c]])
        found[c] = list(labelled.predictions)
        bar.advance(len(conversations[c]))
    return [found[c] for c in range(len(conversations))]


def table(found: Sequence[Sequence[Prediction]]) -> np.ndarray:
    """Scores of all utterances, (N, L)."""
    return np.array([list(p.scores.values()) for one in found for p in one])


def compared(
    cold: np.ndarray, warm: np.ndarray, gold: np.ndarray, owner: np.ndarray, label_set: LabelSet
) -> dict[str, Any]:
    """What changed between two tables of scores (N, L), and what that does to weighted F1."""
    scored = gold >= 0
    before, after, right = cold[scored].argmax(1), warm[scored].argmax(1), gold[scored]
    bootstrap = paired_bootstrap(right, after, before, owner[scored], "weighted_f1", label_set=label_set)
    return {
        "weighted_f1": classification_report(right, after, label_set).weighted_f1,
        "weighted_f1_change": bootstrap.difference,
        "weighted_f1_change_interval": [bootstrap.low, bootstrap.high],
        "p_value": bootstrap.p_value,
        "labels_changed": float((cold.argmax(1) != warm.argmax(1)).mean()),
        "mean_absolute_score_change": float(np.abs(cold - warm).mean()),
        "mean_top_score_change": float(np.abs(cold.max(1) - warm.max(1)).mean()),
        "utterances_changed_by_more_than_0.05": float((np.abs(cold - warm).max(1) > 0.05).mean()),
    }


def measure(arguments: argparse.Namespace, store_folder: Path | None) -> dict[str, Any]:
    """All four runs and their comparison."""
    corpus = load_corpus(arguments.corpus, arguments.corpus_folder)
    train, test = corpus.splits["train"], corpus.splits["test"]
    labeler = Labeler.from_pretrained(arguments.model, arguments.precision)
    label_set = labeler.label_set
    gold = np.array(
        [label_set.labels.index(u.label) if u.label in label_set.labels else -1 for c in test for u in c.utterances]
    )
    owner = np.repeat(np.arange(len(test)), [len(c) for c in test])
    timed = with_times([*train, *test])
    timed_train, timed_test = timed[: len(train)], timed[len(train) :]

    def store(name: str) -> SpeakerStore:
        return open_store("memory" if store_folder is None else store_folder / name)

    speakers = sorted({u.speaker for c in train for u in c.utterances})
    train_size, test_size = sum(map(len, train)), sum(map(len, test))
    scores: dict[str, np.ndarray] = {}
    with Progress(train_size + 4 * test_size, "Labelling") as bar:
        scores["cold"] = table(label_in_turn(labeler, test, bar))
        own, story, afterwards = (labeler.with_memory(store(name)) for name in ("own", "story", "afterwards"))
        story.label(timed_train, report=bar.advance)
        assert story.memory is not None
        assert afterwards.memory is not None
        remembered = story.memory.stats().utterances
        known = [row for rows in story.memory.last(speakers, train_size) for row in rows]
        afterwards.memory.append(sorted(known, key=lambda row: row.time))  # all of it before today's labelling
        scores["own"] = table(label_in_turn(own, timed_test, bar))
        scores["story"] = table(label_in_turn(story, timed_test, bar))
        scores["afterwards"] = table(label_in_turn(afterwards, without_times(test), bar))
    checked = {}
    if arguments.check:
        expected = table([one.predictions for one in labeler.label(test, history="all", remember=train)])
        checked["largest_difference_from_history_all"] = float(np.abs(expected - scores["story"]).max())
    return {
        "model": labeler.model_id,
        "corpus": f"{corpus.name}/test",
        "utterances": test_size,
        "conversations": len(test),
        "cold_weighted_f1": classification_report(
            gold[gold >= 0], scores["cold"].argmax(1)[gold >= 0], label_set
        ).weighted_f1,
        "remembered_of_train": remembered,
        **checked,
        **{
            name: compared(scores["cold"], scores[name], gold, owner, label_set)
            for name in ("own", "story", "afterwards")
        },
    }


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="emonet-emorynlp")
    parser.add_argument("--corpus", default="emorynlp")
    parser.add_argument("--corpus-folder", type=Path, default=None)
    parser.add_argument("--memory", choices=("process", "disk"), default="process", help="which kind of memory")
    parser.add_argument("--precision", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--check", action="store_true", help="compare with label(history='all')")
    parser.add_argument("--out", type=Path, default=None)
    arguments = parser.parse_args(argv)
    name = Path(arguments.model).name
    out = arguments.out or Path(__file__).parent / "results" / f"memory_effect_{name}.json"
    with tempfile.TemporaryDirectory() as folder:
        result = measure(arguments, Path(folder) if arguments.memory == "disk" else None)
    text = json.dumps(result, indent=2) + "\n"
    write_text(out, text)
    print(text + f"wrote {out}")


if __name__ == "__main__":
    main()
