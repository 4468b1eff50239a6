"""Retrieved examples: labelled training utterances that are like the utterance in question."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation
from erckit.corpora.checks.normal_text import normal_text
from erckit.errors import ModelFolderError, SettingError
from erckit.labels import LabelSet
from erckit.prompting.context.context_settings import RETRIEVALS
from erckit.prompting.prompt.prompt_context import LabelledText
from erckit.settings import choose

_QUERIES = 1024  # read against the pool at a time: 1024 x 10,000 cosines are 40 MB
_DIGITS = 5  # cosines nearer than this are a tie, so that rounding on another machine does not choose


@dataclass(frozen=True, slots=True)
class DemonstrationPool:
    """Labelled texts without speakers, with their vectors.

    Source: Lei et al., "InstructERC" (arXiv 2309.11911), §3.2: a base made of the training split, without speakers and
    with as many texts of each label, searched by the cosine of sentence vectors.

    Deviations: the sentence encoder is erckit's (the mean of the tokens, not the first one); the search does not look
    at labels. The published training searches texts of the *same gold label* as the query only (``same_label``): the
    model then sees the answer in the prompt and learns to copy it, which no prompt outside training offers. It is kept
    to show that. Texts that say the same as the query, and texts of its own conversation (told by its id), are never
    found.

    Args:
        examples: P texts with their labels.
        vectors: Unit vectors of the texts, (P, V).
        label_set: Of the labels.
        backbone_folder: The sentence encoder.
        conversations: Per text, the id of its conversation; empty where it is not known.
    """

    examples: tuple[LabelledText, ...]
    vectors: NDArray[np.float32]
    label_set: LabelSet
    backbone_folder: Path
    conversations: tuple[str, ...] = ()

    @classmethod
    def from_conversations(
        cls,
        conversations: Sequence[Conversation],
        label_set: LabelSet,
        backbone_folder: Path,
        *,
        per_label: int = 0,
        seed: int = 0,
        quiet: bool = True,
    ) -> DemonstrationPool:
        """A pool drawn from the training split.

        Args:
            conversations: Of the training split, and of no other.
            label_set: Their labels.
            backbone_folder: The sentence encoder, as ``get_backbone`` returns it.
            per_label: Texts of each label; 0 takes as many as the rarest label has. A label with fewer gives all.
            seed: Of the draw.
            quiet: No progress.

        Raises:
            SettingError: No utterance has a label.
        """
        found: dict[str, dict[str, tuple[LabelledText, str]]] = {label: {} for label in label_set.labels}
        for conversation in conversations:
            for utterance in conversation.utterances:
                if utterance.label is not None and utterance.text.strip():
                    kept = LabelledText(utterance.text, utterance.label), conversation.id
                    # A text that is said twice with one label is one example.
                    found[label_set.labels[label_set.index(utterance.label)]].setdefault(
                        normal_text(utterance.text), kept
                    )
        sizes = [len(texts) for texts in found.values() if texts]
        if not sizes:
            raise SettingError("no utterance for demonstrations has a label. Name the training split of a corpus.")
        rng = random.Random(seed)
        chosen: list[tuple[LabelledText, str]] = []
        for texts in found.values():
            rows = list(texts.values())
            size = min(per_label or min(sizes), len(rows))
            chosen += [rows[i] for i in sorted(rng.sample(range(len(rows)), size))]
        examples = tuple(example for example, _ in chosen)
        pool = cls.from_examples(examples, label_set, backbone_folder, quiet=quiet)
        return cls(examples, pool.vectors, label_set, backbone_folder, tuple(name for _, name in chosen))

    @classmethod
    def from_examples(
        cls, examples: Sequence[LabelledText], label_set: LabelSet, backbone_folder: Path, *, quiet: bool = True
    ) -> DemonstrationPool:
        """A pool of ready examples, such as those that a model folder carries."""
        from erckit.encoding.vectors.text_vectors import text_vectors

        vectors = text_vectors([example.text for example in examples], backbone_folder, quiet=quiet)
        return cls(tuple(examples), vectors, label_set, backbone_folder)

    def find(
        self,
        conversations: Sequence[Conversation],
        k: int = 1,
        how: str = "label_blind",
        *,
        keeps_vectors: bool = False,
        quiet: bool = True,
    ) -> list[tuple[tuple[LabelledText, ...], ...]]:
        """The most similar examples of every utterance.

        Args:
            conversations: Of any split.
            k: Examples per utterance, at most.
            how: ``label_blind``, or ``same_label`` (the published training pool, which leaks the gold label into the
                prompt); with it an utterance without a label gets none.
            keeps_vectors: Keep sentence vectors of the texts in the cache folder: for public corpora only.
            quiet: No progress.

        Returns:
            For every conversation, for every utterance, up to ``k`` examples, the most similar first; of equally
            similar ones the first in the pool.
        """
        from erckit.encoding.vectors.text_vectors import text_vectors

        choose(how, RETRIEVALS, "demonstrations.how")
        said = [(c.id, utterance) for c in conversations for utterance in c.utterances]
        queries = text_vectors(
            [utterance.text for _, utterance in said], self.backbone_folder, keep=keeps_vectors, quiet=quiet
        )
        blocked = self._blocked([(name, normal_text(utterance.text)) for name, utterance in said])
        if how == "same_label":
            labels = np.array([example.label for example in self.examples])
            for row, (_, utterance) in enumerate(said):
                blocked[row] = np.union1d(blocked[row], np.flatnonzero(labels != utterance.label))
        rows = [row for start in range(0, len(said), _QUERIES) for row in self._nearest(queries, blocked, start, k)]
        found = iter(tuple(self.examples[i] for i in row) for row in rows)
        return [tuple(next(found) for _ in conversation.utterances) for conversation in conversations]

    def _blocked(self, said: Sequence[tuple[str, str]]) -> list[NDArray[np.int64]]:
        """Per query, the places in the pool that it may not find."""
        by_text: dict[str, list[int]] = {}
        by_conversation: dict[str, list[int]] = {}
        for place, example in enumerate(self.examples):
            by_text.setdefault(normal_text(example.text), []).append(place)
        for place, name in enumerate(self.conversations):
            if name:
                by_conversation.setdefault(name, []).append(place)
        return [
            np.array(sorted({*by_text.get(text, ()), *by_conversation.get(name, ())}), dtype=np.int64)
            for name, text in said
        ]

    def _nearest(
        self, queries: NDArray[np.float32], blocked: Sequence[NDArray[np.int64]], start: int, k: int
    ) -> list[list[int]]:
        """Places in the pool of up to ``k`` examples for each of some queries."""
        cosines = np.round(queries[start : start + _QUERIES] @ self.vectors.T, _DIGITS)  # (queries, P)
        for row, places in enumerate(blocked[start : start + _QUERIES]):
            cosines[row, places] = -np.inf
        best = np.argsort(-cosines, axis=1, kind="stable")[:, :k]  # (queries, k)
        return [
            [int(place) for place in places if row[place] > -np.inf] for row, places in zip(cosines, best, strict=True)
        ]


DEMONSTRATIONS = "demonstrations.jsonl"


def demonstration_text(pool: DemonstrationPool) -> str:
    """The pool's texts and labels, one JSON object per line, with the conversation of each (empty: not known)."""
    names = pool.conversations or ("",) * len(pool.examples)
    lines = [
        json.dumps({"text": e.text, "label": e.label, "conversation": name}, ensure_ascii=False)
        for e, name in zip(pool.examples, names, strict=True)
    ]
    return "".join(f"{line}\n" for line in lines)


def read_demonstrations(text: str, label_set: LabelSet, encoder: Path, source: object) -> DemonstrationPool:
    """Undo ``demonstration_text``.

    Files of earlier versions do not say the conversations: an utterance of the training split may then find texts of
    its own conversation.

    Args:
        text: The file's content.
        label_set: The labels.
        encoder: Folder of the backbone whose vectors are compared.
        source: The file's name, for messages.

    Raises:
        ModelFolderError: A line that is not such an object, or a label that the label set lacks.
    """
    examples, conversations = [], []
    for number, line in enumerate(text.split("\n"), 1):  # a text may hold other line separators
        if not line:
            continue
        try:
            found = json.loads(line)
            conversation = found.get("conversation", "")
            if found["label"] not in label_set or not all(isinstance(s, str) for s in (found["text"], conversation)):
                raise ValueError("not a text with one of the labels and its conversation")
            examples.append(LabelledText(found["text"], found["label"]))
            conversations.append(conversation)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelFolderError(f"{source}:{number}: {error!r}. Get the model folder again.") from None
    pool = DemonstrationPool.from_examples(examples, label_set, encoder)
    return replace(pool, conversations=tuple(conversations))
