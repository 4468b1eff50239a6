"""From conversations to lines ``Name: text``, as a causal language model reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from erckit.causal.plain_text import PlainText
from erckit.conversation import Conversation
from erckit.encoding.tokens import TokenizedConversation
from erckit.errors import BackboneError

LONGEST_NAME = 256  # characters that are shown: a long name must not push the text out of the line


class LineTokenizer:
    """Writes every utterance as a line, in the place of ``ConversationTokenizer``.

    Args:
        tokenizer: The model's, as transformers makes it.
        max_utterance_tokens: Tokens of the longest line; a longer one is cut.
    """

    def __init__(self, tokenizer: Any, max_utterance_tokens: int = 192) -> None:
        self._plain_text = PlainText(tokenizer)
        self.padding_token = int(tokenizer.pad_token_id or 0)
        self.max_utterance_tokens = max_utterance_tokens

    @classmethod
    def from_folder(cls, folder: Path, max_utterance_tokens: int = 192) -> LineTokenizer:
        """With the tokenizer of a model's folder.

        Raises:
            BackboneError: It cannot be loaded.
        """
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        except Exception as error:  # the tokenizers library raises bare exceptions
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise BackboneError(
                f"{folder}: no tokenizer that can be loaded ({reason}). The folder needs tokenizer.json."
            ) from None
        return cls(tokenizer, max_utterance_tokens)

    def __call__(
        self,
        conversations: Sequence[Conversation],
        names: Sequence[Sequence[str]] | None = None,
        identities: Sequence[Sequence[int]] | None = None,
    ) -> list[TokenizedConversation]:
        """Tokenise B conversations.

        Args:
            conversations: What was said and by whom: a line shows the speaker's own name.
            names: Not read.
            identities: For each utterance, the speaker's row of an embedding; None for none.
        """
        limit = 64 * self.max_utterance_tokens  # a longer text than this cannot fit whatever its tokens are
        result = []
        for c, conversation in enumerate(conversations):
            lines = []
            for utterance in conversation.utterances:
                name = f"{utterance.speaker[:LONGEST_NAME]}: " if utterance.speaker else ""
                # half of a surrogate pair, which the tokenizer refuses, becomes a question mark
                line = f"{name}{utterance.text[:limit]}\n".encode("utf-8", "replace").decode("utf-8")
                lines.append(list(self._plain_text.tokens(line)))
            blocks = tuple(line[: self.max_utterance_tokens] for line in lines)
            rows = [0] * len(blocks) if identities is None else identities[c]
            marked = tuple([row] * len(block) for row, block in zip(rows, blocks, strict=True))
            truncated = sum(len(line) > len(block) for line, block in zip(lines, blocks, strict=True))
            result.append(TokenizedConversation(blocks, marked, blocks, truncated))
        return result
