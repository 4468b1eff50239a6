"""What one request, one socket and the whole server may take up."""

from __future__ import annotations

from dataclasses import dataclass, fields

from erckit.errors import SettingError


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the server; a request past one is refused, never cut.

    Args:
        body_bytes: Bytes of a request's body (413 beyond).
        conversations: Conversations of a request (413).
        utterances: Utterances of a request, all conversations together (413).
        characters: Characters of an utterance (422).
        explain_utterances: Earlier utterances that may be left out one by one for an explanation (413).
        read_bytes: Bytes of a transcript that is read, unpacked (422).
        read_utterances: Utterances of a transcript that is read (413).
        answer_bytes: Bytes of the answer to that (413).
        in_flight: Requests that are read, wait or are worked on at once (429), and utterances of streams that wait.
        in_flight_bytes: Bytes of all their bodies together (429).
        timeout_seconds: From the first byte of a request to the first byte of its answer (504).
        sockets: Web sockets open at once (429).
        message_bytes: Bytes of one web socket message.
        idle_seconds: A web socket without a message for so long is closed, a streamed conversation forgotten.
        streamed_conversations: Conversations of one model whose stream is kept; of the namespace that has the most of
            them, the one that was quiet longest goes first.
        key_share: Part of ``in_flight``, ``in_flight_bytes``, ``sockets`` and the work that waits which one key may
            take where there are several keys.
        drain_seconds: How long a server that is told to stop goes on answering what it has taken.

    Raises:
        SettingError: A bound below 1.
    """

    body_bytes: int = 2_000_000
    conversations: int = 64
    utterances: int = 512
    characters: int = 8_000
    explain_utterances: int = 64
    read_bytes: int = 20_000_000
    read_utterances: int = 20_000
    answer_bytes: int = 16_000_000
    in_flight: int = 256
    in_flight_bytes: int = 64_000_000
    timeout_seconds: float = 30.0
    sockets: int = 256
    message_bytes: int = 64_000
    idle_seconds: float = 900.0
    streamed_conversations: int = 256
    key_share: float = 0.25
    drain_seconds: float = 30.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if isinstance(value, float) else 1
            if not value > 0 or value < least:
                raise SettingError(f"the server's limit '{field.name}' must be above 0, got {value}.")
        if self.key_share > 1:
            raise SettingError(f"the server's limit 'key_share' must be at most 1, got {self.key_share}.")

    def of_key(self, most: int, keys: int) -> int:
        """What one of so many keys may take of a bound."""
        return most if keys < 2 else max(1, int(most * self.key_share))

    def told(self) -> dict[str, int]:
        """The bounds that a client should know before it sends."""
        return {
            "body_bytes": self.body_bytes,
            "conversations": self.conversations,
            "utterances": self.utterances,
            "characters": self.characters,
            "explain_utterances": self.explain_utterances,
        }
