"""A model's vectors of the labelled utterances of a split, and what it could remember when it made them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from erckit.conversation import Conversation, Utterance
from erckit.errors import CorpusError
from erckit.evaluation.run.evaluate import memory_words, split_ask
from erckit.labels import LabelSet

if TYPE_CHECKING:
    from erckit.corpora import Corpus
    from erckit.labelling import Labeler


@dataclass(frozen=True, slots=True, eq=False)
class SplitVectors:
    """N labelled utterances.

    Args:
        vectors: As the model gives them, (N, V).
        gold: Label positions, (N,).
        conversations: Number of each utterance's conversation, (N,).
        texts: What was said, N of them.
        label_set: The corpus' labels.
        memory: What the model could remember of other conversations, in words.
        causal: Whether no vector depends on a later utterance.
    """

    vectors: NDArray[np.float32]
    gold: NDArray[np.int64]
    conversations: NDArray[np.int64]
    texts: tuple[str, ...]
    label_set: LabelSet
    memory: str
    causal: bool

    def __len__(self) -> int:
        return len(self.gold)


def split_vectors(
    labeler: Labeler,
    corpus: Corpus,
    split: str,
    longest: int | None = None,
    report: Callable[[int], None] | None = None,
) -> SplitVectors:
    """Vectors of a split; what may be remembered is as in ``evaluate_model``. The labels need not be the model's.

    Args:
        labeler: The model.
        corpus: The corpus.
        split: One of its splits.
        longest: Utterances of a conversation that are read, the rest is cut off; None reads all.
        report: Called with the number of utterances encoded.

    Raises:
        CorpusError: No such split, or none of its utterances has a label.
    """
    conversations = [
        one if longest is None else replace(one, utterances=one.utterances[:longest]) for one in corpus.split(split)
    ]
    labeler.about.need("vectors")
    ask, remembered = split_ask(labeler.settings, corpus, split, conversations, report, wants_vectors=True)
    read = labeler.read(ask).vectors
    assert read is not None
    vectors = np.concatenate(read)
    said = [(number, one) for number, conversation in enumerate(conversations) for one in conversation.utterances]
    keep = [i for i, (_, utterance) in enumerate(said) if utterance.label is not None]
    if not keep:
        raise CorpusError(f"{corpus.name}/{split}: no utterance has a gold label; choose a split that has gold labels.")
    return SplitVectors(
        vectors=vectors[keep],
        gold=np.array(corpus.label_set.indices(said[i][1].label for i in keep)),
        conversations=np.array([said[i][0] for i in keep]),
        texts=tuple(said[i][1].text for i in keep),
        label_set=corpus.label_set,
        memory=memory_words(labeler.settings, remembered, split),
        causal=labeler.causal,
    )


def backbone_vectors(
    labeler: Labeler, data: SplitVectors, backbone: str = "", quiet: bool = True
) -> NDArray[np.float32]:
    """What a frozen backbone makes of the same utterances, (N, H).

    Every utterance alone, mean of its tokens, scaled to length 1: as sentence encoders are meant to be used. A causal
    language model's own states, also of every utterance alone.

    Args:
        labeler: The model.
        data: The utterances.
        backbone: Any backbone; empty for the one that the model was trained on, as it was before.
        quiet: No progress.

    Raises:
        BackboneError: It cannot be had.
    """
    from erckit.backbones.get_backbone import get_backbone
    from erckit.encoding.vectors.text_vectors import text_vectors

    reader = getattr(labeler.pretrained.model, "causal_reader", None)
    if not backbone and reader is not None:
        alone = [Conversation("", (Utterance("", "", text),)) for text in data.texts]
        return np.asarray(reader.read(alone, quiet=quiet), np.float32)
    folder = get_backbone(backbone) if backbone else labeler.pretrained.backbone_folder
    return text_vectors(data.texts, folder, quiet=quiet)
