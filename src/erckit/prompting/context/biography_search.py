"""What of a speaker's biography has to do with an utterance: its sentences most like it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from erckit.conversation import Conversation
from erckit.encoding.vectors.text_vectors import text_vectors
from erckit.prompting.annotation.extract_annotator import split_quotes, with_quotes

# An end of a sentence with the marks that close it, before a space; scripts without such spaces have their own signs.
_END = re.compile(r"""([.!?…।۔]["'”’)\]»]*)\s+|([。！？]["'”’」』）]*)\s*|\n\s*""")
_TITLE = re.compile(r"(?:^|[\s(\"'])(?:Dr|Mr|Mrs|Ms|Prof|St|Jr|Sr|vs|etc|e\.g|i\.e|[A-Z])\.$")  # no end of a sentence
_TITLE_LENGTH = 12  # more than any title and the character before it


def nearest_sentences(
    conversations: Sequence[Conversation],
    biographies: Sequence[Sequence[str]],
    count: int,
    encoder: Path,
    *,
    keeps_vectors: bool = True,
    quiet: bool = True,
) -> list[tuple[str, ...]]:
    """Biographies cut down to what is most like each utterance.

    Nothing is added: where a biography knows nothing later than its utterance, neither does what is left of it.

    Args:
        conversations: C of them.
        biographies: For every conversation, for every utterance, the biography of its speaker, or ``""``; a
            conversation without any may have an empty row.
        count: Sentences that are kept, those with the highest cosine, in the order in which they stand.
        encoder: Folder of the backbone whose sentence vectors are compared.
        keeps_vectors: Keep the vectors in the cache folder: for public corpora only.
        quiet: No progress.

    Returns:
        As ``biographies``, rows as long as theirs.
    """
    pairs = [
        (c, u)
        for c, row in enumerate(biographies)
        for u, text in enumerate(row)
        if len(biography_sentences(text)) > count
    ]
    texts = list(
        dict.fromkeys(
            text
            for c, u in pairs
            for text in (conversations[c].utterances[u].text, *biography_sentences(biographies[c][u]))
        )
    )
    if not texts:
        return [tuple(row) for row in biographies]
    vectors = dict(zip(texts, text_vectors(texts, encoder, keep=keeps_vectors, quiet=quiet), strict=True))  # each (H,)
    out = [list(row) for row in biographies]
    for c, u in pairs:
        sentences = biography_sentences(biographies[c][u])
        cosines = np.stack([vectors[one] for one in sentences]) @ vectors[conversations[c].utterances[u].text]
        best = sorted(np.argsort(-cosines, kind="stable")[:count])
        chosen = [sentences[i] for i in best]
        whole = biographies[c][u]
        out[c][u] = with_quotes(whole, chosen) if split_quotes(whole) else " ".join(chosen)
    return [tuple(row) for row in out]


@lru_cache(maxsize=1 << 14)
def biography_sentences(text: str) -> tuple[str, ...]:
    """The sentences of a biography; of one that quotes, the quotes, each without its marks."""
    if quotes := split_quotes(text):
        return tuple(quotes)
    sentences, start = [], 0
    for end in _END.finditer(text):
        stop = max(end.end(1), end.end(2), end.start())
        if _TITLE.search(text[max(start, stop - _TITLE_LENGTH) : stop]):
            continue
        sentences.append(text[start:stop].strip())
        start = end.end()
    return tuple(one for one in (*sentences, text[start:].strip()) if one)
