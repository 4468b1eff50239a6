"""How an LLM system is made to answer with words, and who does it."""

from __future__ import annotations

from dataclasses import dataclass

from erckit.errors import SettingError
from erckit.prompting.answers.read_answers import PARSINGS
from erckit.settings import choose

__all__ = ["ANSWERS", "PARSINGS", "AnswerSettings"]

ANSWERS = ("scores", "generate")


@dataclass(frozen=True, slots=True)
class AnswerSettings:
    """Generated answers instead of scored labels.

    Args:
        parsing: How labels are read in them: ``exact``, ``contained`` or ``nearest``.
        max_tokens: Longest answer, in tokens.
        url: Of an OpenAI-compatible server; empty for the causal LM on this machine.
        model: Its name on the server.
        spend: Most tokens to spend on the server, prompts and answers and failed tries together; 0 for no limit.
        seconds: Most seconds to spend on it; 0 for no limit.
        timeout: Seconds of one try.
        tries: Times a request is tried.

    Raises:
        SettingError: A value that cannot be.
    """

    parsing: str = "exact"
    max_tokens: int = 16
    url: str = ""
    model: str = ""
    spend: int = 0
    seconds: float = 0.0
    timeout: float = 60.0
    tries: int = 4

    def __post_init__(self) -> None:
        choose(self.parsing, PARSINGS, "parsing")
        if self.max_tokens < 1:
            raise SettingError(f"an answer has at least one token, got {self.max_tokens}.")
        if bool(self.url) != bool(self.model):
            raise SettingError("a server and the name of a model on it go together: give --engine and --engine-model.")
