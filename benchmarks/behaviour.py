"""Emotions that a model finds in lines that were written to test one thing each (tests/behaviour/README.md).

Run from the repository root: python benchmarks/behaviour.py [--model everyday] [--half dev] [--out FILE] [--small]

Every conversation is labelled whole. The table gives, for the lines that have a label of their own, the accuracy, the
macro F1 over the labels that occur, and what is right of each label and of each tag; then the share of plain lines that
stay neutral when another person's emotional line stands before them, and the shares of pairs of which both last lines
get the same label, and the right one. ``--small`` takes a few conversations and pairs, to see that it runs. The half
``test`` is for one reading of a model that is finished: nothing may be chosen by it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation, Utterance
from erckit.labelling import Labeler
from erckit.labels import LabelSet
from erckit.metrics import NO_LABEL, classification_report
from erckit.readers import read_conversations
from erckit.storage.atomic import write_text

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "behaviour"
LABELS = LabelSet(("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"), "neutral")
HALVES = ("dev", "test")
DEV_CONVERSATIONS, DEV_PAIRS = 35, 75
SMALL = 6
Answer = tuple[Utterance, str | None]  # a line and the label that the model gives it


def read_half(half: str) -> tuple[list[Conversation], list[dict[str, Any]]]:
    """Conversations and pairs of one half, in the order of the files."""
    conversations = read_conversations(FOLDER / "lines.jsonl", format="jsonl", label_set=LABELS).conversations
    rows = (FOLDER / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [json.loads(row) for row in rows]
    if half == "dev":
        return list(conversations[:DEV_CONVERSATIONS]), pairs[:DEV_PAIRS]
    return list(conversations[DEV_CONVERSATIONS:]), pairs[DEV_PAIRS:]


def follows_emotion(conversation: Conversation, place: int) -> bool:
    """Whether a neutral line stands right after an emotional line of another person."""
    line, before = conversation.utterances[place], conversation.utterances[place - 1]
    return (
        place > 0
        and line.label == "neutral"
        and before.label not in (None, "neutral")
        and before.speaker != line.speaker
    )


def measure(labeler: Labeler, conversations: Sequence[Conversation], pairs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All figures of a model on some conversations and pairs."""
    answers: list[Answer] = []
    replies: list[Answer] = []
    for labelled in labeler.label(conversations):
        rows = list(zip(labelled.conversation.utterances, (p.label for p in labelled.predictions), strict=True))
        answers += [row for row in rows if row[0].label is not None]
        replies += [row for place, row in enumerate(rows) if follows_emotion(labelled.conversation, place)]
    gold = [LABELS.index(str(line.label)) for line, _ in answers]
    predicted = [LABELS.index(str(label)) if label in LABELS else NO_LABEL for _, label in answers]
    scores = classification_report(gold, predicted, LABELS)
    occurring = [entry for entry in scores.per_class.values() if entry.support]
    sides = last_labels(labeler, pairs)
    return {
        "lines": len(answers),
        "accuracy": round(scores.accuracy, 4),
        "macro_f1": round(sum(entry.f1 for entry in occurring) / len(occurring), 4),
        "labels": _right_of(answers, lambda line: str(line.label)),
        "called": {label: entry.predicted for label, entry in scores.per_class.items()},
        "tags": _right_of(answers, lambda line: str(line.extra["tag"])),
        "plain_replies_neutral": [sum(label == "neutral" for _, label in replies), len(replies)],
        "pairs_unchanged": [sum(a is not None and a == b for a, b in sides), len(pairs)],
        "pairs_right": [sum(a == b == pair["label"] for pair, (a, b) in zip(pairs, sides, strict=True)), len(pairs)],
        "pairs": _unchanged_of_kinds(pairs, sides),
    }


def _right_of(answers: Sequence[Answer], key: Callable[[Utterance], str]) -> dict[str, list[int]]:
    """Right lines and all lines of each group."""
    total = Counter(key(line) for line, _ in answers)
    right = Counter(key(line) for line, label in answers if label == line.label)
    return {name: [right[name], total[name]] for name in sorted(total)}


def last_labels(labeler: Labeler, pairs: Sequence[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    """Of each pair, the labels of both last lines."""
    sides = [
        Conversation(
            f"{place}{side}",
            tuple(Utterance(str(i), speaker, text) for i, (speaker, text) in enumerate(pair[side])),
        )
        for place, pair in enumerate(pairs)
        for side in "ab"
    ]
    last = [labelled.predictions[-1].label for labelled in labeler.label(sides)]
    return list(zip(last[::2], last[1::2], strict=True))


def _unchanged_of_kinds(
    pairs: Sequence[dict[str, Any]], sides: Sequence[tuple[str | None, str | None]]
) -> dict[str, list[int]]:
    total = Counter(pair["kind"] for pair in pairs)
    unchanged = Counter(pair["kind"] for pair, (a, b) in zip(pairs, sides, strict=True) if a is not None and a == b)
    return {kind: [unchanged[kind], total[kind]] for kind in total}


def table(result: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    rows = [
        ("accuracy", f"{100 * result['accuracy']:.1f} % of {result['lines']}"),
        ("macro F1", f"{100 * result['macro_f1']:.1f}"),
        *((f"label: {name}", f"{_share(counts)}, called {result['called'][name]} times")
          for name, counts in result["labels"].items()),
        *((f"tag: {name}", _share(counts)) for name, counts in result["tags"].items()),
        ("plain replies after an emotion: neutral", _share(result["plain_replies_neutral"])),
        ("pairs: same label on both", _share(result["pairs_unchanged"])),
        ("pairs: right label on both", _share(result["pairs_right"])),
        *((f"pairs: {kind}", _share(counts)) for kind, counts in result["pairs"].items()),
    ]  # fmt: skip
    head = [f"| {result['model']}, {result['half']} | right |", "|---|---|"]
    return "\n".join([*head, *(f"| {name} | {value} |" for name, value in rows)])


def _share(counts: Sequence[int]) -> str:
    right, total = counts
    return f"{right}/{total}" + (f" ({right / total:.0%})" if total else "")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="everyday", help="a bundled model or a model folder")
    parser.add_argument("--half", choices=HALVES, default="dev")
    parser.add_argument("--precision", default="fp32")
    parser.add_argument("--small", action="store_true", help="a few conversations and pairs only")
    parser.add_argument("--json", action="store_true", help="print the result as JSON, not as a table")
    parser.add_argument("--out", type=Path, default=None, help="also write it to this file, as JSON")
    arguments = parser.parse_args(argv)
    labeler = Labeler.from_pretrained(arguments.model, arguments.precision)
    conversations, pairs = read_half(arguments.half)
    if arguments.small:
        conversations, pairs = conversations[:SMALL], pairs[:SMALL]
    result = {"model": labeler.name, "half": arguments.half, **measure(labeler, conversations, pairs)}
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    print(text if arguments.json else table(result))
    if arguments.out:
        write_text(arguments.out, text)


if __name__ == "__main__":
    main()
