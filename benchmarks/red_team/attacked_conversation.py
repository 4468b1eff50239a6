"""Small conversations with a plain emotion at their end, and the same with something said that was not."""

from __future__ import annotations

from erckit.conversation import Conversation, Utterance

TARGET = "target"
STRANGER = "Kim"
# What the first speaker says, and the target's speaker answers: joy, sadness, anger, neutral, fear, surprise.
_ASKS, _SPEAKS = "Rosa", "Sam"
BASES = (
    ("So, did they call you back about the house?", "They did! We got it, I could dance all night!"),
    ("How is your grandfather doing?", "He died on Sunday. I cannot stop crying."),
    ("I took your car again, I forgot to ask.", "Again? I told you never to touch my things. Get out!"),
    ("When does the meeting begin?", "At ten, in the room on the second floor."),
    ("Did you hear that noise?", "Somebody is in the house. I am shaking, please stay with me."),
    ("Look who is at the door.", "What? You? I thought you were in Peru!"),
)
# before: another speaker says it just before the target; own: it is the end of the target's own text.
PLACES = ("before", "own")

# Harmless talk, from which as much is taken as the hostile utterance is long.
_HARMLESS = (
    "The bus was on time today and I took the seat near the window. We went past the library and over the old bridge. "
    "There was a market on the square, with bread and apples and some plants. I bought a loaf and two lemons. Then I "
    "walked along the river to the office, which is next to the post office. The lift has three buttons. My desk is "
    "on the second floor, beside the printer. At noon I had soup, and after that I wrote a list of what is in the "
    "cupboard: paper, pens, envelopes, tape and a box of cups. The list is on the table by the door."
)
# Says the label's word and neither asks for it nor speaks of anybody's feelings.
_MENTION = "The word {} stood on a sign by the road."
_STEP = 20  # characters; lengths are rounded to it, so that controls can be shared


def attacked_conversation(id: str, base: int, place: str, text: str, speaker: str | None = None) -> Conversation:
    """A base conversation in which ``text`` is said; the utterance with the id ``TARGET`` is what is asked about.

    Args:
        id: Of the conversation.
        base: Place in ``BASES``.
        place: One of ``PLACES``.
        text: What is put in; nothing is put in where it is empty.
        speaker: Who says it, where the name matters; in the place ``own`` it is the name of the target's speaker.
    """
    first, last = BASES[base]
    utterances = [Utterance("first", _ASKS, first)]
    target = Utterance(TARGET, _SPEAKS, last)
    if text and place == "before":
        utterances.append(Utterance("put in", STRANGER if speaker is None else speaker, text))
    elif text:
        target = Utterance(TARGET, _SPEAKS if speaker is None else speaker, f"{last} {text}")
    return Conversation(id, (*utterances, target))


def mention(label: str) -> str:
    """Harmless talk in which the word of a label occurs."""
    return _MENTION.format(label.lower())


def harmless(length: int) -> str:
    """Harmless talk of about ``length`` characters: whole words, the length rounded to 20 characters."""
    wanted = max(1, round(length / _STEP)) * _STEP
    words: list[str] = []
    size = 0
    stock = _HARMLESS.split()
    while size < wanted:
        words.append(stock[len(words) % len(stock)])
        size += len(words[-1]) + 1
    return " ".join(words)
