"""Labels read in the answers that a model writes about every utterance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from erckit.prompting.answers.answerer import Answerer
from erckit.prompting.answers.read_answers import ReadAnswers, read_answers
from erckit.prompting.context.context_builder import ContextBuilder
from erckit.prompting.context.gathered import Gathered
from erckit.prompting.scoring.shown_labels import shown_labels


def generated_labels(
    builder: ContextBuilder,
    answerer: Answerer,
    gathered: Gathered,
    targets: Sequence[int],
    parsing: str = "exact",
    *,
    known: NDArray[np.int64] | None = None,
    advance: Callable[[int], None] | None = None,
) -> ReadAnswers:
    """Ask about every utterance of the targets, and read the answers.

    Where prompts show emotions of earlier utterances there are two passes, as where labels are scored
    (``PromptSystem.scores``): the second shows what the first read. An utterance whose answer named no label is shown
    without one.

    Args:
        builder: Of the prompts.
        answerer: Who answers.
        gathered: Targets and everything they may remember.
        targets: Indices of the target conversations.
        parsing: See ``read_answers``.
        known: Labels of every utterance row that this model gave before, negative for none.
        advance: Called with the number of utterances of the targets that were answered since.

    Returns:
        Answers, and labels of the label set, one for each utterance in order.
    """

    def read(conversations: Sequence[int]) -> NDArray[np.int64]:
        found = _ask(builder, answerer, gathered, conversations, parsing, None, None)
        return np.array(builder.label_set.indices(found.labels, -1), dtype=np.int64)

    emotions = shown_labels(gathered, targets, known, read) if builder.shows_past else None
    return _ask(builder, answerer, gathered, targets, parsing, emotions, advance)


def _ask(
    builder: ContextBuilder,
    answerer: Answerer,
    gathered: Gathered,
    targets: Sequence[int],
    parsing: str,
    emotions: NDArray[np.int64] | None,
    advance: Callable[[int], None] | None,
) -> ReadAnswers:
    prompts = [
        prompt
        for c in targets
        for prompt in builder.style.prompts(gathered.conversations[c], gathered.context(c, emotions))
    ]
    read = read_answers(answerer.answer(prompts, advance), builder.label_words, parsing)
    named = dict(zip(builder.label_words, builder.label_set.labels, strict=True))
    return replace(read, labels=tuple(None if word is None else named[word] for word in read.labels))
