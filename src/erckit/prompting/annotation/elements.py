"""The nine relations of ATOMIC that say what lies behind an utterance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from erckit.errors import SettingError, nearest

# Best reported first. ``{}`` is the speaker's name.
ELEMENTS = {
    "oReact": "how the listeners may feel about what {} says",
    "xIntent": "why {} says it",
    "xReact": "how {} feels after it",
    "xNeed": "what {} needed before it",
    "xWant": "what {} wants to do next",
    "oWant": "what the listeners may want to do next",
    "xEffect": "what happens to {} because of it",
    "oEffect": "what happens to the listeners because of it",
    "xAttr": "what kind of person {} seems to be",
}
DEFAULT_ELEMENTS = ("oReact", "xIntent")


def check_elements(elements: Iterable[str]) -> tuple[str, ...]:
    """The elements, each once.

    Raises:
        SettingError: None, or one that is none of the nine; the message names the nearest.
    """
    wanted = tuple(dict.fromkeys(elements))
    if not wanted:
        raise SettingError(f"name at least one element. Known: {', '.join(ELEMENTS)}.")
    for element in wanted:
        if element not in ELEMENTS:
            raise SettingError(f"unknown element '{element}'. {nearest(element, ELEMENTS)}")
    return wanted


def element_phrase(element: str, speaker: str) -> str:
    """What is asked for, such as ``"why Ana says it"``."""
    return ELEMENTS[element].format(speaker)


def element_question(element: str, speaker: str) -> str:
    """The question about the last line of a conversation, ending in a colon."""
    phrase = element_phrase(element, speaker)
    return f"{phrase[0].upper()}{phrase[1:]}, at the end:"


def characteristic_line(known: Mapping[str, str], elements: Iterable[str], speaker: str, max_words: int) -> str:
    """What is known behind an utterance, on one line, or nothing."""
    from erckit.prompting.prompt.quoted import plain_text

    parts = []
    for element in elements:
        text = plain_text(known.get(element, ""), max_words).rstrip(".")
        if text:
            parts.append(f"{element_phrase(element, speaker)}: {text}")
    line = "; ".join(parts)
    return f"{line[0].upper()}{line[1:]}.\n" if line else ""
