"""The pool of demonstrations as a file of a model folder."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from erckit.errors import ModelFolderError
from erckit.labels import LabelSet
from erckit.prompting.context.demonstrations import DemonstrationPool
from erckit.prompting.prompt.labelled_text import LabelledText

DEMONSTRATIONS = "demonstrations.jsonl"


def demonstration_text(pool: DemonstrationPool) -> str:
    """The pool's texts and labels, one JSON object per line, with the conversation of each (empty: not known)."""
    names = pool.conversations or ("",) * len(pool.examples)
    lines = [
        json.dumps({"text": e.text, "label": e.label, "conversation": name}, ensure_ascii=False)
        for e, name in zip(pool.examples, names, strict=True)
    ]
    return "".join(f"{line}\n" for line in lines)


def read_demonstrations(text: str, label_set: LabelSet, encoder: Path, source: object) -> DemonstrationPool:
    """Undo ``demonstration_text``.

    Files of earlier versions do not say the conversations: an utterance of the training split may then find texts of
    its own conversation.

    Args:
        text: The file's content.
        label_set: The labels.
        encoder: Folder of the backbone whose vectors are compared.
        source: The file's name, for messages.

    Raises:
        ModelFolderError: A line that is not such an object, or a label that the label set lacks.
    """
    examples, conversations = [], []
    for number, line in enumerate(text.split("\n"), 1):  # a text may hold other line separators
        if not line:
            continue
        try:
            found = json.loads(line)
            conversation = found.get("conversation", "")
            if found["label"] not in label_set or not all(isinstance(s, str) for s in (found["text"], conversation)):
                raise ValueError("not a text with one of the labels and its conversation")
            examples.append(LabelledText(found["text"], found["label"]))
            conversations.append(conversation)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelFolderError(f"{source}:{number}: {error!r}. Get the model folder again.") from None
    pool = DemonstrationPool.from_examples(examples, label_set, encoder)
    return replace(pool, conversations=tuple(conversations))
