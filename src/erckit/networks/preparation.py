"""From conversations to model inputs: tokens, identities and history windows, made once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from erckit.causal.line_tokenizer import LineTokenizer
from erckit.conversation import Conversation
from erckit.encoding.packing import PackedBatch, pack
from erckit.encoding.segments import Segment, plan_segments
from erckit.encoding.spoken_text import spoken
from erckit.encoding.tokens import NO_IDENTITY, ConversationTokenizer, TokenizedConversation
from erckit.encoding.vectors.text_vectors import distinct_vectors
from erckit.encoding.vectors.word_tokenizer import WordTokenizer
from erckit.encoding.vectors.word_vectors import load_word_vectors
from erckit.memory.history import history_windows
from erckit.memory.identity import SpeakerRegistry
from erckit.networks.causal_reader import CausalReader, plan_rows
from erckit.networks.dialogues import Dialogues, join_dialogues, local_speakers
from erckit.networks.network import ConversationModel, ModelInputs
from erckit.networks.shared_settings import ModelSettings


@dataclass(frozen=True, slots=True)
class PreparedConversations:
    """Conversations tokenised and joined by history.

    Args:
        tokenized: One per conversation.
        offsets: First utterance row of each conversation, and the total at the end, (C + 1,).
        windows: History of every utterance as rows, (utterances, W).
        speakers: Who speaks, numbered within the conversation, one sequence per conversation.
        vectors: Vectors of every utterance where a frozen backbone read them before; else None.
    """

    tokenized: tuple[TokenizedConversation, ...]
    offsets: NDArray[np.int64]
    windows: NDArray[np.int64]
    speakers: tuple[tuple[int, ...], ...]
    vectors: KnownVectors | None = None

    def __len__(self) -> int:
        return len(self.tokenized)

    @property
    def utterances(self) -> int:
        """Number of utterances."""
        return int(self.offsets[-1])

    def dialogues(self, conversations: Sequence[int]) -> Dialogues:
        """Lengths and local speakers of the given conversations, in their order."""
        return join_dialogues([self.speakers[c] for c in conversations])

    def rows(self, conversations: Sequence[int]) -> NDArray[np.int64]:
        """Utterance rows of the given conversations, in their order."""
        return np.concatenate([np.arange(self.offsets[c], self.offsets[c + 1]) for c in conversations])


class Preparation:
    """Turns conversations into what the model reads.

    Args:
        settings: The model's settings.
        registry: Known speakers.
        folder: The backbone's folder, for its tokenizer.
        max_tokens: Tokens that the backbone reads together: its positions, or less.
        reads_dialogues: Whether the model puts vectors into context by itself.
    """

    def __init__(
        self,
        settings: ModelSettings,
        registry: SpeakerRegistry,
        folder: Path,
        max_tokens: int,
        reads_dialogues: bool = False,
    ) -> None:
        self.settings = settings
        self.reads_dialogues = reads_dialogues
        self.registry = registry
        self.max_tokens = max_tokens
        longest = min(settings.max_utterance_tokens, max_tokens)
        self.left_context = min(settings.left_context, max_tokens // 2)
        self.tokenizer: ConversationTokenizer | LineTokenizer | WordTokenizer
        self.reads_lines = settings.reader.kind == "causal_lm"
        if self.reads_lines:
            self.tokenizer = LineTokenizer.from_folder(folder, min(longest, max_tokens // 2))
        elif settings.reader.word_vectors:
            self.tokenizer = WordTokenizer(load_word_vectors(Path(settings.reader.word_vectors)), longest)
        else:
            self.tokenizer = ConversationTokenizer(folder, settings.speaker.form, longest, settings.has_separator)

    def as_read(self, conversations: Sequence[Conversation]) -> Sequence[Conversation]:
        """The conversations with the texts that the model reads, see ``model.text``."""
        return spoken(conversations) if self.settings.text == "spoken" else conversations

    def tokenize(
        self,
        conversations: Sequence[Conversation],
        names: Sequence[Sequence[str]],
        identities: Sequence[Sequence[int]],
    ) -> list[TokenizedConversation]:
        """Tokens of B conversations; speakers as :class:`ConversationTokenizer` takes them."""
        return self.tokenizer(self.as_read(conversations), names, identities)

    @property
    def reads_plain(self) -> bool:
        """Whether the model's history encoder reads every utterance alone, besides the pass over the context."""
        return self.settings.history.scope != "none" and self.settings.history.encoder != "shared"

    def prepare(
        self,
        conversations: Sequence[Conversation],
        scope: str | None = None,
        tokenized: Sequence[TokenizedConversation] | None = None,
    ) -> PreparedConversations:
        """Tokenise conversations, in file order, and find every utterance's history among them.

        Args:
            conversations: All targets and all that may be remembered.
            scope: History scope other than the model's own, or None.
            tokenized: Their tokens where they were made before, one per conversation.
        """
        history = self.settings.history
        form = self.settings.speaker.form
        if tokenized is None:
            names = [self.registry.shown_names(conversation, form) for conversation in conversations]
            identities = [self.registry.identities(conversation) for conversation in conversations]
            tokenized = self.tokenize(conversations, names, identities)
        windows = history_windows(
            conversations,
            # a narrower scope is one for histories that reach over several conversations, or none at all
            scope=scope if scope is not None and history.scope == "all" else history.scope,
            order=history.order,
            window=history.window,
            anonymous=self.registry.anonymous,
        )
        if scope == "none":
            windows[:] = -1
        offsets = np.cumsum([0, *(len(c) for c in conversations)])
        speakers = tuple(local_speakers(conversation) for conversation in conversations)
        return PreparedConversations(tuple(tokenized), offsets, windows, speakers)

    def segments(self, tokenized: TokenizedConversation) -> list[Segment]:
        """How a conversation is cut to fit the backbone's positions."""
        lengths = [len(block) for block in tokenized.blocks]
        if self.reads_lines:
            return plan_rows(lengths, self.max_tokens)
        return plan_segments(lengths, self.settings.attention, self.max_tokens, self.left_context)

    def pack_context(
        self, tokenized: Sequence[TokenizedConversation], skips: Sequence[int] | None = None
    ) -> PackedBatch:
        """Pack conversations for the context encoder; with ``skips``, segments that were cut before."""
        return pack(
            [t.blocks for t in tokenized],
            [t.identities for t in tokenized],
            attention=self.settings.attention,
            max_tokens=self.max_tokens,
            left_context=self.left_context,
            padding_token=self.tokenizer.padding_token,
            skips=skips,
        )

    def pack_plain(self, tokenized: Sequence[TokenizedConversation]) -> PackedBatch | None:
        """Pack the same utterances in isolation, or None where the model does not read them so."""
        if not self.reads_plain:
            return None
        return pack(
            [t.plain for t in tokenized],
            [[[NO_IDENTITY] * len(block) for block in t.plain] for t in tokenized],
            attention="isolated",
            max_tokens=self.max_tokens,
            padding_token=self.tokenizer.padding_token,
        )

    def inputs(self, prepared: PreparedConversations, conversations: Sequence[int]) -> tuple[ModelInputs, Tensor]:
        """Inputs of a batch of conversations, still without the vectors from outside the batch.

        Args:
            prepared: All conversations.
            conversations: Which of them are in the batch.

        Returns:
            The inputs with an empty ``outside``, and the rows of ``prepared`` whose memory vectors belong there, (M,);
            none where a frozen backbone's vectors are known: those of the M rows then follow the targets' own.
        """
        tokenized = [prepared.tokenized[c] for c in conversations]
        rows = prepared.rows(conversations)
        windows = prepared.windows[rows]  # (R, W)
        local = np.full(prepared.utterances + 1, -2, dtype=np.int64)  # last entry stands for "none"
        local[-1] = -1
        local[rows] = np.arange(len(rows))
        outside = np.unique(windows[local[windows] == -2])
        local[outside] = len(rows) + np.arange(len(outside))
        speakers = self.identities(tokenized)
        vectors = None
        if prepared.vectors is not None:
            tokenized = []  # nothing is left to be read
            # What is remembered is read again with the batch: it costs a projection, and histories learn with it.
            vectors = prepared.vectors[torch.from_numpy(np.concatenate([rows, outside]))]
            if speakers is not None:
                speakers = torch.cat([speakers, self._speakers(prepared, outside)])
            outside = outside[:0]
        inputs = ModelInputs(
            batch=self.pack_context(tokenized),
            plain=self.pack_plain(tokenized),
            outside=torch.empty(0, 0),
            windows=torch.from_numpy(local[windows]),
            vectors=vectors,
            dialogues=prepared.dialogues(conversations) if self.reads_dialogues else None,
            speakers=speakers,
        )
        return inputs, torch.from_numpy(outside)

    def identities(self, tokenized: Sequence[TokenizedConversation]) -> Tensor | None:
        """Identities of the speakers of all utterances, (R,); None where the model reads them off its tokens."""
        if not self.reads_dialogues:
            return None
        return torch.tensor([rows[0] for t in tokenized for rows in t.identities], dtype=torch.long)

    @staticmethod
    def _speakers(prepared: PreparedConversations, rows: NDArray[np.int64]) -> Tensor:
        """Identities of the speakers of utterance rows, (M,)."""
        owners = np.searchsorted(prepared.offsets, rows, side="right") - 1
        found = [
            prepared.tokenized[c].identities[row - prepared.offsets[c]][0] for c, row in zip(owners, rows, strict=True)
        ]
        return torch.tensor(found, dtype=torch.long)


def token_batches(prepared: PreparedConversations, conversations: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Cut a sequence of conversations into batches of at most ``batch_tokens`` tokens (at least one conversation)."""
    return batches_of(conversations, [t.tokens for t in prepared.tokenized], batch_tokens)


def batches_of(order: Sequence[int], tokens: Sequence[int], batch_tokens: int) -> list[list[int]]:
    """Cut ``order`` into runs whose ``tokens`` sum to at most ``batch_tokens``; a run has at least one member."""
    batches: list[list[int]] = []
    used = batch_tokens + 1
    for i in order:
        if used + tokens[i] > batch_tokens:
            batches.append([])
            used = 0
        batches[-1].append(i)
        used += tokens[i]
    return batches


@dataclass(frozen=True, slots=True)
class KnownVectors:
    """Vectors of utterances, kept once per distinct text where every utterance is read alone.

    Args:
        table: The distinct vectors, (D, V), 16- or 32-bit floats.
        rows: Row of ``table`` for every utterance, (utterances,).
    """

    table: Tensor
    rows: Tensor

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, utterances: Tensor) -> Tensor:
        """Vectors of the given utterance rows, (R, V), 32-bit floats."""
        return self.table[self.rows[utterances]].float()

    def first(self, utterances: int) -> KnownVectors:
        """Those of the first utterances only; the table is shared."""
        return KnownVectors(self.table, self.rows[:utterances])


def with_known_vectors(
    model: ConversationModel,
    preparation: Preparation,
    prepared: PreparedConversations,
    conversations: Sequence[Conversation],
    backbone_folder: Path,
    *,
    precision: str,
    checksum: str = "",
    keep: bool = True,
    quiet: bool = True,
) -> PreparedConversations:
    """The same conversations with the vectors of a frozen backbone, where the model has one.

    Args:
        model: Unless its ``reads_known_vectors`` is true, ``prepared`` comes back as it is.
        preparation: Of the model.
        prepared: The conversations, prepared.
        conversations: What they were prepared from.
        backbone_folder: The model's backbone.
        precision: ``fp32`` or ``bf16``.
        checksum: sha256 of the backbone's weights where it is known.
        keep: Whether new vectors are added to the cache folder.
        quiet: No progress.
    """
    if not model.reads_known_vectors:
        return prepared
    if preparation.reads_lines:
        reader: CausalReader = model.causal_reader.at(precision)  # type: ignore[union-attr,operator]
        lines = [tokenized.blocks for tokenized in prepared.tokenized]
        read = torch.from_numpy(reader.read_lines(lines, keep=keep, quiet=quiet))
        return replace(prepared, vectors=KnownVectors(read, torch.arange(len(read))))
    table, rows = distinct_vectors(
        [utterance.text for read in preparation.as_read(conversations) for utterance in read.utterances],
        backbone_folder,
        max_tokens=preparation.tokenizer.max_utterance_tokens,
        precision=precision,
        layers=preparation.settings.reader.layers,
        keep=keep,
        quiet=quiet,
        encoder=model.encoder,
        checksum=checksum,
    )
    return replace(prepared, vectors=KnownVectors(torch.from_numpy(table), torch.from_numpy(rows)))
