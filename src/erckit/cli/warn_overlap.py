"""Say it when the splits that are trained and scored on share conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from erckit.cli.say import say

if TYPE_CHECKING:
    from erckit.corpora import Corpus


def warn_overlap(corpus: Corpus, split: str | None = None) -> None:
    """Remarks on standard error, quiet or not: a score on copies is not what it seems.

    What published corpora share is known (``erckit corpora check``) and part of their protocols; of these only splits
    of which most is shared are named, as then the files are not what their names say.

    Args:
        corpus: What is trained or scored on.
        split: The scored split, None for a training.
    """
    from erckit.corpora.checks.split_overlap import TOO_MUCH, split_overlaps
    from erckit.corpora.known_corpora import is_known_corpus
    from erckit.corpora.mixture import is_mixture, mixture_parts
    from erckit.corpora.variants import DEDUP, base_split

    parts = [part for part, _ in mixture_parts(corpus.name)] if is_mixture(corpus.name) else [corpus.name]
    is_published = all(is_known_corpus(part) for part in parts)
    scored = None if split is None else base_split(split)
    for overlap in split_overlaps(corpus.splits):
        if is_published and overlap.share <= TOO_MUCH:
            continue
        if scored is not None and scored not in (overlap.split, overlap.other):
            continue
        if split is not None and split.endswith(DEDUP) and overlap.other == "train":
            continue  # the copies are left out
        what_then = "Are the files what their names say?" if overlap.share > TOO_MUCH else "Leave them out of one."
        if overlap.share <= TOO_MUCH and overlap.other == "train":
            what_then = f"Leave them out of one, or score '--split {overlap.split}{DEDUP}'."
        say(f"warning: {corpus.name}: {overlap}. {what_then}")
