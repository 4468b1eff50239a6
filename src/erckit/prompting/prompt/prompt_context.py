"""What a prompt is given besides the conversation: labels and how they are written, demonstrations, annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.labels import LabelSet


@dataclass(frozen=True, slots=True)
class LabelledText:
    """What was said, and with which emotion.

    Args:
        text: The utterance's text, without its speaker.
        label: A label of the label set, or None where it is not known; the text is then shown alone.
        place: Which utterance of the shown conversation it is, from 0 on; None where it was said in another one.
    """

    text: str
    label: str | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class PromptContext:
    """Everything a prompt style may write that is not in the conversation itself.

    A field per utterance is empty where the style is not to use it; else it has one entry per utterance. An entry
    belongs to the utterance it is shown with and may only hold what was known before that utterance.

    Args:
        label_set: The labels, in score order.
        label_words: How each label is written in prompts and answers, in the same order; empty writes the labels.
        demonstrations: Per utterance, retrieved examples, best first.
        biographies: Per utterance, the biography of its speaker; ``""`` where there is none yet.
        characteristics: Per utterance, ATOMIC element -> what was inferred.
        recent: Per utterance, its speaker's latest utterances with their emotions, oldest first.
        related: Per utterance, earlier utterances of its speaker that are like it, best first.
        examples: Few-shot examples, the same for every utterance.

    Raises:
        SettingError: ``label_words`` does not fit the label set, or two labels are written the same.
    """

    label_set: LabelSet
    label_words: tuple[str, ...] = ()
    demonstrations: Sequence[Sequence[LabelledText]] = ()
    biographies: Sequence[str] = ()
    characteristics: Sequence[Mapping[str, str]] = ()
    recent: Sequence[Sequence[LabelledText]] = ()
    related: Sequence[Sequence[LabelledText]] = ()
    examples: Sequence[LabelledText] = ()

    def __post_init__(self) -> None:
        words = self.label_words
        if words and (len(words) != len(self.label_set) or len(set(words)) != len(words) or not all(words)):
            raise SettingError(
                f"label_words {list(words)} must be {len(self.label_set)} different words, one for each of "
                f"{list(self.label_set.labels)}."
            )

    @property
    def answers(self) -> tuple[str, ...]:
        """What the model chooses from: the labels as they are written, in label-set order."""
        return self.label_words or self.label_set.labels

    def word(self, label: str) -> str:
        """How a label is written.

        Raises:
            LabelSetError: The label set lacks it.
        """
        return self.answers[self.label_set.index(label)]

    def check(self, conversation: Conversation) -> None:
        """Refuse a field whose entries are not one per utterance.

        Raises:
            SettingError: Another number of entries.
        """
        fields: Mapping[str, Sized] = {
            "demonstrations": self.demonstrations,
            "biographies": self.biographies,
            "characteristics": self.characteristics,
            "recent": self.recent,
            "related": self.related,
        }
        for name, entries in fields.items():
            if len(entries) not in (0, len(conversation)):
                raise SettingError(
                    f"conversation '{conversation.id}' has {len(conversation)} utterances, but {name} has "
                    f"{len(entries)} entries. Give one per utterance, or none."
                )
