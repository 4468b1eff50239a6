"""The prompts of one conversation, laid out so that they share their beginning: history first, question last."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.errors import SettingError

CONTENT = "\ufffc"  # stands where a content-free question has its text


@dataclass(frozen=True, slots=True)
class ContentFree:
    """What is asked when nothing is said: a prompt like the real ones about one utterance by nobody in particular.

    ``CONTENT`` stands wherever the utterance's text does.

    Args:
        opening: Of the real prompt, without what belongs to one of its utterances.
        block: The utterance as a block; empty where the style shows it in the question alone.
        text: The question.
    """

    opening: str
    block: str
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked after some of the blocks.

    Args:
        sees: How many blocks come before the question, in [0, number of blocks]. Nothing after them is visible to it.
        text: The question's own text. A chat model's end of message and the beginning of its answer are added where
            the prompt is tokenised.
        answers: Answers to choose from or to learn, where they are this question's own; empty for those that all
            questions of a run share (the label set).
        content_free: What is asked in its place when the label prior is measured; None asks this text behind a line
            of a nameless speaker.
    """

    sees: int
    text: str
    answers: tuple[str, ...] = ()
    content_free: ContentFree | None = None


@dataclass(frozen=True, slots=True)
class ConversationPrompt:
    r"""All prompts of one conversation; the prompt of a question alone is opening + blocks[:sees] + its text.

    Everything here is plain text. What looks like a control token of some model (``<|im_end|>``) stays text, and a
    chat model's own frame is put around the prompt where it is tokenised: styles never write it.

    Args:
        opening: What every question sees: the instruction, the label statement. May be empty.
        blocks: One text per utterance, usually ``'Speaker: "text"\n'``, in order.
        questions: What is asked, in any order; one score row each.

    Raises:
        SettingError: A question sees more blocks than there are.
    """

    opening: str
    blocks: tuple[str, ...]
    questions: tuple[Question, ...]

    def __post_init__(self) -> None:
        for question in self.questions:
            if not 0 <= question.sees <= len(self.blocks):
                raise SettingError(
                    f"question '{question.text[:40]}': sees {question.sees} blocks, but the prompt has "
                    f"{len(self.blocks)}. Give a number from 0 to {len(self.blocks)}."
                )

    def separate(self, question: Question) -> str:
        """The text a question has in front of it when it is asked alone, its own text included."""
        return self.opening + "".join(self.blocks[: question.sees]) + question.text
