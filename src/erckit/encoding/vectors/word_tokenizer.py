"""From conversations to rows of a table of word vectors."""

from __future__ import annotations

import re
from collections.abc import Sequence

from erckit.conversation import Conversation
from erckit.encoding.tokens import NO_IDENTITY, TokenizedConversation
from erckit.encoding.vectors.word_vectors import WordVectors

_WORD = re.compile(r"[^\W_]+|[^\w\s]")


class WordTokenizer:
    """Splits texts into words and signs, in the place of ``ConversationTokenizer``.

    Args:
        vectors: The words that are known.
        max_utterance_tokens: Most words of an utterance.
    """

    padding_token = 0

    def __init__(self, vectors: WordVectors, max_utterance_tokens: int = 192) -> None:
        self._vectors = vectors
        self.max_utterance_tokens = max_utterance_tokens

    def __call__(
        self,
        conversations: Sequence[Conversation],
        names: Sequence[Sequence[str]],
        identities: Sequence[Sequence[int]],
    ) -> list[TokenizedConversation]:
        """Tokenise B conversations; speakers are not read."""
        result = []
        for conversation in conversations:
            # A longer text cannot fit whatever its words are.
            texts = [u.text[: 64 * self.max_utterance_tokens] for u in conversation.utterances]
            found = [[self._vectors.row(word) for word in _WORD.findall(text)] for text in texts]
            blocks = tuple(rows[: self.max_utterance_tokens] or [0] for rows in found)
            truncated = sum(len(rows) > self.max_utterance_tokens for rows in found)
            identity = tuple([NO_IDENTITY] * len(block) for block in blocks)
            result.append(TokenizedConversation(blocks, identity, blocks, truncated))
        return result
