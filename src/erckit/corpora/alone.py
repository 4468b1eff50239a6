"""Every utterance as a conversation of its own, for encoders that learn from utterances without context."""

from __future__ import annotations

from dataclasses import replace

from erckit.conversation import Conversation
from erckit.corpora.corpus import Corpus


def alone(corpus: Corpus) -> Corpus:
    """The corpus with every labelled utterance as a conversation of one; utterances without a label are left out.

    Ids are ``"<conversation>/<utterance>"``; what ``meta`` says of a conversation, its utterances keep.
    """
    return replace(
        corpus,
        splits={
            split: tuple(
                Conversation(id=f"{c.id}/{u.id}", utterances=(u,), meta=c.meta)
                for c in conversations
                for u in c.utterances
                if u.label is not None
            )
            for split, conversations in corpus.splits.items()
        },
    )
