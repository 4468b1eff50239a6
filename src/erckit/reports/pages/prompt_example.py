"""An invented conversation with everything a prompt can show, to look at prompts without a corpus or a model."""

from __future__ import annotations

from erckit.conversation import Conversation, Utterance
from erckit.labels import LabelSet
from erckit.prompting.prompt.labelled_text import LabelledText
from erckit.prompting.prompt.prompt_context import PromptContext

EXAMPLE = Conversation(
    "example",
    (
        Utterance("1", "Mira", "They offered me the job!", label="joy"),
        Utterance("2", "Tom", "The one in Oslo?", label="surprise"),
        Utterance("3", "Mira", "Yes. I start in March.", label="joy"),
        Utterance("4", "Tom", "So you have already said yes.", label="sadness"),
    ),
)
EXAMPLE_LABELS = LabelSet(("joy", "sadness", "surprise", "neutral"), neutral="neutral")

_BIOGRAPHIES = ("", "", "Mira wants to work abroad and says what she thinks.", "Tom has known Mira for years.")
_RECENT: tuple[tuple[LabelledText, ...], ...] = (
    (),
    (),
    (LabelledText("They offered me the job!", "joy", 0),),
    (LabelledText("I had the worst day.", "sadness"), LabelledText("The one in Oslo?", "surprise", 1)),
)
_RELATED: tuple[tuple[LabelledText, ...], ...] = ((), (), (), (LabelledText("You never asked me.", "sadness"),))
_FOUND = (
    LabelledText("I passed the exam!", "joy"),
    LabelledText("Which one do you mean?", "neutral"),
    LabelledText("We leave on Monday.", "joy"),
    LabelledText("You have decided without me.", "sadness"),
)
_BEHIND = (
    {"oReact": "surprised, maybe left behind", "xIntent": "to share good news"},
    {"oReact": "ready to explain", "xIntent": "to be sure of what he heard"},
    {"oReact": "a little lost", "xIntent": "to make it definite"},
    {"oReact": "guilty", "xIntent": "to say that he was not asked"},
)


def example_context(label_set: LabelSet = EXAMPLE_LABELS) -> PromptContext:
    """What the prompts of ``EXAMPLE`` are given: all of it invented."""
    return PromptContext(
        label_set,
        demonstrations=tuple((one,) for one in _FOUND),
        biographies=_BIOGRAPHIES,
        characteristics=_BEHIND,
        recent=_RECENT,
        related=_RELATED,
    )
