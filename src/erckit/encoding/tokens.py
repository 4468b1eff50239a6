"""From conversations to token blocks: one block per utterance, each starting with its own marker token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.errors import BackboneError, SettingError, nearest

SPEAKER_FORMS = ("none", "name", "first_name", "marker", "token", "embedding")
VOCABULARIES = (
    "tokenizer.json", "vocab.txt", "vocab.json", "sentencepiece.bpe.model", "spiece.model", "tokenizer.model",
)  # fmt: skip
NO_IDENTITY = 0  # row of the speaker embedding that is always zero


@dataclass(frozen=True, slots=True)
class TokenizedConversation:
    """Token blocks of one conversation.

    Args:
        blocks: Per utterance, its token ids: marker, speaker (in some forms), text, separator.
        identities: Per utterance, the speaker identity of each of its tokens, ``NO_IDENTITY`` for none.
        plain: Per utterance, its block without the speaker, as the isolated history encoder reads it.
        truncated: Utterances whose text was cut to the token limit.
    """

    blocks: tuple[list[int], ...]
    identities: tuple[list[int], ...]
    plain: tuple[list[int], ...]
    truncated: int

    @property
    def tokens(self) -> int:
        """Tokens of all blocks."""
        return sum(len(block) for block in self.blocks)


class ConversationTokenizer:
    """Tokenises conversations with the backbone's tokenizer.

    The speaker of an utterance is written in one of these forms:
    ``none``; ``name`` or ``first_name``, the name that is shown for the speaker and a colon as text; ``marker``,
    the published literal ``<s3>`` as text, split into ordinary word pieces; ``token``, one special token with a
    learned vector of its own; ``embedding``, a learned vector added to every token of the utterance.

    Args:
        folder: The backbone's folder, with tokenizer files.
        form: One of ``SPEAKER_FORMS``.
        max_utterance_tokens: Longest block, marker and separator included, at least 8.
        has_separator: Whether a separator ends each block of a conversation; plain blocks always have one.
    """

    def __init__(
        self, folder: Path, form: str = "name", max_utterance_tokens: int = 192, has_separator: bool = True
    ) -> None:
        if form not in SPEAKER_FORMS:
            raise SettingError(f"unknown speaker form '{form}'. {nearest(form, SPEAKER_FORMS)}")
        from transformers import AutoTokenizer

        if not any((folder / name).is_file() for name in VOCABULARIES):  # transformers would make an empty one up
            raise BackboneError(
                f"{folder}: no tokenizer that can be loaded. The folder needs tokenizer.json, or the vocabulary files "
                "of its tokenizer."
            )
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        except Exception as error:  # the tokenizers library raises bare exceptions
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise BackboneError(
                f"{folder}: no tokenizer that can be loaded ({reason}). "
                "The folder needs tokenizer.json, or the vocabulary files of its tokenizer."
            ) from None
        self.form = form
        self.has_separator = has_separator
        self.max_utterance_tokens = max_utterance_tokens
        tokenizer = self._tokenizer
        self.padding_token = int(tokenizer.pad_token_id or 0)
        self._start = _first(tokenizer.cls_token_id, tokenizer.bos_token_id)
        self._end = _first(tokenizer.sep_token_id, tokenizer.eos_token_id)
        self._placeholder = _first(tokenizer.mask_token_id, tokenizer.unk_token_id, self._start)
        self._prefixes: dict[str, list[int]] = {}

    def __call__(
        self,
        conversations: Sequence[Conversation],
        names: Sequence[Sequence[str]],
        identities: Sequence[Sequence[int]],
    ) -> list[TokenizedConversation]:
        """Tokenise B conversations.

        Args:
            conversations: What was said.
            names: For each utterance, the speaker as text (``name``, ``first_name`` and ``marker`` forms).
            identities: For each utterance, the speaker's row of the embedding (``token`` and ``embedding`` forms).

        Returns:
            One per conversation, in order.
        """
        # A longer text than this cannot fit whatever its tokens are, and tokenising a megabyte would take seconds.
        limit = 64 * self.max_utterance_tokens
        texts = [u.text[:limit] for conversation in conversations for u in conversation.utterances]
        encoded = self._ids(texts)
        result = []
        at = 0
        for conversation, shown, rows in zip(conversations, names, identities, strict=True):
            pieces = encoded[at : at + len(conversation)]
            at += len(conversation)
            blocks, block_rows, plain, truncated = [], [], [], 0
            for utterance, ids, name, row in zip(conversation.utterances, pieces, shown, rows, strict=True):
                prefix = self._prefix(name)
                room = self.max_utterance_tokens - 2 - len(prefix)
                truncated += len(ids) > room or len(utterance.text) > limit
                block = [self._start, *prefix, *ids[:room], *([self._end] if self.has_separator else [])]
                blocks.append(block)
                plain.append([self._start, *ids[:room], self._end])
                if self.form == "embedding":
                    block_rows.append([row] * len(block))
                elif self.form == "token":
                    block_rows.append([NO_IDENTITY, row] + [NO_IDENTITY] * (len(block) - 2))
                else:
                    block_rows.append([NO_IDENTITY] * len(block))
            result.append(TokenizedConversation(tuple(blocks), tuple(block_rows), tuple(plain), truncated))
        return result

    def _prefix(self, name: str) -> list[int]:
        if self.form == "token":
            return [self._placeholder]
        if self.form not in ("name", "first_name", "marker"):
            return []
        if name not in self._prefixes:
            text = name if self.form == "marker" else name[:64] + ":"
            # at most half a block: a long name must not push the text out
            self._prefixes[name] = self._ids([text])[0][: min(16, self.max_utterance_tokens // 2)]
        return self._prefixes[name]

    def _ids(self, texts: list[str]) -> list[list[int]]:
        # split_special_tokens: a chat line that spells a control token stays text
        # half of a surrogate pair, which the tokenizer refuses, becomes a question mark
        texts = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        output = self._tokenizer(
            texts, add_special_tokens=False, split_special_tokens=True, return_attention_mask=False, verbose=False
        )
        return output["input_ids"]  # type: ignore[no-any-return]


def _first(*candidates: int | None) -> int:
    return next((int(c) for c in candidates if c is not None), 0)
