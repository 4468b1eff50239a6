"""What a language model is asked for an annotation, and what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

CHARACTERS_PER_TOKEN = 3.5  # of English chat; only for estimates and for servers that do not count


@dataclass(frozen=True, slots=True)
class Request:
    """One text to be written.

    Args:
        kind: What it is, with the version of its prompt, such as ``"biography/1"``. Another wording is another version.
        system: The instruction.
        user: What to work on; other people's words in it are quoted.
        max_tokens: Longest answer.
        clean: Makes an answer fit to be shown; returns ``""`` for one that is no answer.
        otherwise: What is taken and kept where even the last try's answer is of no use; None makes that an error.
        clean_cut: The same for an answer that the token limit cut; None takes ``clean``.
    """

    kind: str
    system: str
    user: str
    max_tokens: int
    clean: Callable[[str], str]
    otherwise: str | None = None
    clean_cut: Callable[[str], str] | None = None

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt, estimated."""
        return estimated_tokens(self.system + self.user)

    @property
    def tokens(self) -> int:
        """Tokens of prompt and longest answer together, estimated."""
        return self.prompt_tokens + self.max_tokens

    def cleaned(self, answer: Completion) -> str:
        """An answer fit to be shown, or ``""``."""
        return (self.clean_cut or self.clean)(answer.text) if answer.is_cut else self.clean(answer.text)


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer.

    Args:
        text: As the model wrote it; may be empty.
        tokens: Of prompt and answer together.
        is_cut: Whether the token limit ended it.
        note: What else the engine says about it, such as a refusal.
    """

    text: str
    tokens: int
    is_cut: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A try that brought no answer.

    Args:
        reason: What happened, in a few words.
        is_final: Whether trying again cannot help; the reason then says what to do.
        wait: Seconds the server asks to wait.
        tokens: That it cost all the same: as the server counts, else the prompt's, estimated.
        stops: Whether other requests cannot be answered either.
    """

    reason: str
    is_final: bool = False
    wait: float = 0.0
    tokens: int = 0
    stops: bool = False


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has; at least 1."""
    return 1 + int(len(text) / CHARACTERS_PER_TOKEN)
