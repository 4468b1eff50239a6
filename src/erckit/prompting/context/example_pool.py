"""Few-shot examples: a few labelled training utterances that stand in every prompt."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass

from erckit.conversation import Conversation
from erckit.corpora.checks.normal_text import normal_text
from erckit.errors import ModelFolderError, SettingError
from erckit.labels import LabelSet
from erckit.prompting.prompt.prompt_context import LabelledText


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text and where it was said.

    Args:
        said: The text with its label.
        conversation: Id of its conversation; no prompt of that conversation shows the example.
    """

    said: LabelledText
    conversation: str


@dataclass(frozen=True, slots=True)
class ExamplePool:
    """The examples of a system, the same for all conversations but their own.

    Args:
        shown: In the order of the prompt.
        spares: Of each label some more, for conversations that one of ``shown`` comes from.
    """

    shown: tuple[Example, ...]
    spares: tuple[Example, ...] = ()

    @classmethod
    def from_conversations(
        cls, conversations: Sequence[Conversation], label_set: LabelSet, count: int, seed: int = 0
    ) -> ExamplePool:
        """Draw examples: as many of each label as of every other, or one more.

        Args:
            conversations: Of the training split, and of no other.
            label_set: Their labels.
            count: Examples that a prompt shows, at least 1.
            seed: Of the draw, and of the order.

        Raises:
            SettingError: No utterance has a label.
        """
        rng = random.Random(seed)
        found: dict[str, dict[str, Example]] = {label: {} for label in label_set.labels}
        for conversation in conversations:
            for said in conversation.utterances:
                if said.label is not None and said.text.strip():
                    label = label_set.labels[label_set.index(said.label)]
                    example = Example(LabelledText(said.text, label), conversation.id)
                    found[label].setdefault(normal_text(said.text), example)  # said twice, it is one example
        stock = {label: _spread(list(texts.values()), rng) for label, texts in found.items() if texts}
        if not stock:
            raise SettingError("no utterance for examples has a label. Name the training split of a corpus.")
        labels = sorted(stock)
        rng.shuffle(labels)
        shown: list[Example] = []
        while len(shown) < count and any(stock.values()):
            shown += [stock[label].pop(0) for label in labels if stock[label]][: count - len(shown)]
        rng.shuffle(shown)
        used = dict.fromkeys(example.said.label for example in shown)
        needed = {label: sum(example.said.label == label for example in shown) for label in used if label}
        return cls(tuple(shown), tuple(one for label, size in needed.items() for one in stock[label][:size]))

    def of(self, conversation: str) -> tuple[LabelledText, ...]:
        """What prompts of a conversation show; a spare of the same label stands in for an example of its own."""
        spares = [example for example in self.spares if example.conversation != conversation]
        out = []
        for example in self.shown:
            if example.conversation == conversation:
                others = [spare for spare in spares if spare.said.label == example.said.label]
                if not others:
                    continue
                spares.remove(others[0])
                example = others[0]
            out.append(example.said)
        return tuple(out)


def _spread(examples: list[Example], rng: random.Random) -> list[Example]:
    """Shuffled, with the first of each conversation in front, so that few come from the same one."""
    rng.shuffle(examples)
    seen: set[str] = set()
    first: list[Example] = []
    later: list[Example] = []
    for example in examples:
        (later if example.conversation in seen else first).append(example)
        seen.add(example.conversation)
    return [*first, *later]


EXAMPLES = "examples.jsonl"


def example_text(pool: ExamplePool) -> str:
    """The examples, one JSON object per line, in the order of the prompt; those in reserve at the end."""
    lines = [
        json.dumps(
            {"text": e.said.text, "label": e.said.label, "conversation": e.conversation, "spare": is_spare},
            ensure_ascii=False,
        )
        for examples, is_spare in ((pool.shown, False), (pool.spares, True))
        for e in examples
    ]
    return "".join(f"{line}\n" for line in lines)


def read_examples(text: str, label_set: LabelSet, source: object) -> ExamplePool:
    """Undo ``example_text``.

    Args:
        text: The file's content.
        label_set: The labels.
        source: The file's name, for messages.

    Raises:
        ModelFolderError: A line that is not such an object, or a label that the label set lacks.
    """
    found: dict[bool, list[Example]] = {False: [], True: []}
    for number, line in enumerate(text.split("\n"), 1):
        if not line:
            continue
        try:
            row = json.loads(line)
            if row["label"] not in label_set or not all(isinstance(row[key], str) for key in ("text", "conversation")):
                raise ValueError("not a text with one of the labels and its conversation")
            found[row["spare"] is True].append(Example(LabelledText(row["text"], row["label"]), row["conversation"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelFolderError(f"{source}:{number}: {error!r}. Get the model folder again.") from None
    return ExamplePool(tuple(found[False]), tuple(found[True]))
