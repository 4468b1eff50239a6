"""The pool of demonstrations as a file of a model folder."""

from __future__ import annotations

import json
from pathlib import Path

from erckit.errors import ModelFolderError
from erckit.labels import LabelSet
from erckit.prompting.demonstrations import DemonstrationPool
from erckit.prompting.labelled_text import LabelledText

DEMONSTRATIONS = "demonstrations.jsonl"


def demonstration_text(pool: DemonstrationPool) -> str:
    """The pool's texts and labels, one JSON object per line."""
    lines = [json.dumps({"text": e.text, "label": e.label}, ensure_ascii=False) for e in pool.examples]
    return "".join(f"{line}\n" for line in lines)


def read_demonstrations(text: str, label_set: LabelSet, encoder: Path, source: object) -> DemonstrationPool:
    """Undo ``demonstration_text``.

    Args:
        text: The file's content.
        label_set: The labels.
        encoder: Folder of the backbone whose vectors are compared.
        source: The file's name, for messages.

    Raises:
        ModelFolderError: A line that is not such an object, or a label that the label set lacks.
    """
    examples = []
    for number, line in enumerate(text.split("\n"), 1):  # a text may hold other line separators
        if not line:
            continue
        try:
            found = json.loads(line)
            if found["label"] not in label_set or not isinstance(found["text"], str):
                raise ValueError("not a text with one of the labels")
            examples.append(LabelledText(found["text"], found["label"]))
        except (ValueError, KeyError, TypeError) as error:
            raise ModelFolderError(f"{source}:{number}: {error!r}. Get the model folder again.") from None
    return DemonstrationPool.from_examples(examples, label_set, encoder)
