"""The few-shot examples as a file of a model folder."""

from __future__ import annotations

import json

from erckit.errors import ModelFolderError
from erckit.labels import LabelSet
from erckit.prompting.context.example_pool import Example, ExamplePool
from erckit.prompting.prompt.labelled_text import LabelledText

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
