"""Biographies without a language model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from erckit.conversation import Conversation
from erckit.errors import SettingError
from erckit.prompting.annotation.annotator import Annotator, Characteristics, Told
from erckit.prompting.annotation.biography_plan import Place, biography_plan
from erckit.prompting.annotation.biography_settings import BiographySettings
from erckit.prompting.annotation.elements import DEFAULT_ELEMENTS
from erckit.prompting.annotation.grow_biographies import WrittenBiographies, biographies_before, grow_biographies
from erckit.prompting.prompt.quoted import plain_text, quoted

_QUOTES = 3
_LINE_WORDS = 18
_SAID, _FELT = "Said before: ", "Felt so far: "
_OWN = {"i", "i'm", "i've", "i'll", "i'd", "me", "my", "mine", "myself"}  # English; elsewhere only length counts
_WORD = re.compile(r"[\w']+")
_MOST_WORDS = 25


def extract_biography(before: str, lines: Sequence[str], labels: Sequence[str | None] = ()) -> str:
    """A speaker's most telling lines so far.

    A line tells more the more different longer words it has (up to 25), and more if the speaker talks about themselves.
    That is a rule of thumb, not an understanding: it is the baseline against which written biographies are held.

    Args:
        before: The biography so far, as this function wrote it; may be empty.
        lines: What the speaker said since, oldest first.
        labels: The emotion of each of these lines where known; empty where none is.

    Returns:
        ``Felt so far: joyful 3, sad 1. Said before: "..."; "...".``; of equally telling lines the latest ones.
    """
    felt = before.partition(_SAID)[0]
    candidates = [*split_quotes(before), *(plain_text(line, _LINE_WORDS) for line in lines)]
    places = {text: place for place, text in enumerate(candidates) if _weight(text) > 0}  # the last place of a repeat
    best = sorted(places, key=lambda text: (-_weight(text), -places[text]))[:_QUOTES]
    shown = join_quotes(sorted(best, key=places.__getitem__))
    counts = Counter(_felt_before(felt))
    counts.update(label for label in labels if label is not None)
    emotions = ", ".join(f"{label} {counts[label]}" for label in sorted(counts, key=lambda name: (-counts[name], name)))
    # The emotions come first: a prompt cuts a biography at its end.
    parts = [f"{_FELT}{emotions}." if emotions else "", shown]
    return " ".join(part for part in parts if part)


def _felt_before(felt: str) -> dict[str, int]:
    """How often each emotion was counted in ``Felt so far: joyful 3, sad 1.``, empty for any other text."""
    entries = felt.removeprefix(_FELT).strip().removesuffix(".").split(", ")
    named = [entry.rpartition(" ") for entry in entries]
    return {name: int(number) for name, _, number in named if name and number.isdecimal() and len(number) < 10}


def split_quotes(biography: str) -> list[str]:
    """The lines that a biography of this kind quotes, without their marks; none of any other."""
    return re.findall(r'"([^"]*)"', biography.partition(_SAID)[2]) if _SAID in biography else []


def join_quotes(lines: Sequence[str]) -> str:
    """Lines as a biography of this kind quotes them; empty for none."""
    return f"{_SAID}{'; '.join(quoted(line) for line in lines)}." if lines else ""


def with_quotes(biography: str, lines: Sequence[str]) -> str:
    """A biography of this kind that quotes other lines; what it says of emotions stays."""
    return f"{biography.partition(_SAID)[0]}{join_quotes(lines)}".rstrip()


def _weight(text: str) -> float:
    words = [word.casefold() for word in _WORD.findall(text)]
    longer = {word for word in words if len(word) >= 4 or not word.isascii()}
    return min(len(longer), _MOST_WORDS) + (3.0 if longer and _OWN.intersection(words) else 0.0)


class ExtractAnnotator(Annotator):
    """Quotes what speakers said: free, instant, and honest about what it is."""

    @property
    def name(self) -> str:
        """``extract`` and the version of its rule."""
        return "extract/1"

    def _biographies(
        self, conversations: Sequence[Conversation], settings: BiographySettings, told: Told
    ) -> WrittenBiographies:
        """See :class:`Annotator`."""

        def text(place: Place) -> str:
            return conversations[place[0]].utterances[place[1]].text

        def rewrite(jobs: Sequence[tuple[str, str, Sequence[Place]]]) -> list[str]:
            return [
                extract_biography(
                    last, [text(p) for p in places], [told.labels[c][u] for c, u in places] if told.labels else ()
                )
                for _, last, places in jobs
            ]

        if settings.is_causal:
            before = biographies_before(told.known, conversations)
            plans = biography_plan(conversations, settings, told.anonymous, before)
            return grow_biographies(conversations, plans, before, self.name, rewrite, told.keeps_last)
        rows = []
        for c, conversation in enumerate(conversations):
            said: dict[str, list[Place]] = {}
            for u, utterance in enumerate(conversation.utterances):
                said.setdefault(utterance.speaker, []).append((c, u))
            whole = {name: rewrite([(name, "", places)])[0] for name, places in said.items()}
            rows.append(tuple(whole[utterance.speaker] for utterance in conversation.utterances))
        return WrittenBiographies(rows, False)

    def characteristics(
        self, conversations: Sequence[Conversation], elements: Sequence[str] = DEFAULT_ELEMENTS, window: int = 12
    ) -> list[Characteristics]:
        """Nothing can be extracted here.

        Raises:
            SettingError: Always.
        """
        raise SettingError(
            "the engine 'extract' writes biographies only: characteristics are inferred, not quoted. "
            "Take the engine local, endpoint or file."
        )
