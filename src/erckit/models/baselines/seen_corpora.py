"""Text classifiers of the hub whose training data hold a benchmark corpus: scoring them on it measures memory."""

from __future__ import annotations

import json
from pathlib import Path

from erckit.errors import CorpusError

# Last part of the hub name in lower case, as copies have other owners -> corpora it was trained on. Only what could be
# checked stands here: a model that is missing may have seen a corpus all the same.
# A task of a corpus (meld_sentiment) is the same text as the corpus (meld).
SEEN: dict[str, tuple[str, ...]] = {
    "emotion-english-distilroberta-base": ("meld",),
    "emoberta-base": ("meld", "iemocap"),
    "emoberta-large": ("meld", "iemocap"),
    "roberta-base-go_emotions": ("goemotions",),
}


def seen_corpora(name: str, folder: Path) -> tuple[str, ...]:
    """Corpora a text classifier is known to have been trained on; empty when nothing is known.

    Args:
        name: Hub name or folder, as the user gave it.
        folder: Where it lies; its ``config.json`` may remember another name.
    """
    names = [name, str(folder)]
    try:
        names.append(str(json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_name_or_path", "")))
    except (OSError, ValueError, AttributeError):
        pass
    for known, corpora in SEEN.items():
        for one in names:
            # The hub's cache keeps "owner/name" in a folder "models--owner--name".
            if known in [part.rpartition("--")[2] for part in one.lower().replace("\\", "/").split("/")]:
                return corpora
    return ()


def refuse_seen(name: str, folder: Path, corpus: str) -> None:
    """Refuse to score a model on a corpus it was trained on.

    Args:
        name: Hub name or folder of the model.
        folder: Where it lies.
        corpus: Name of a corpus, or of one of its tasks.

    Raises:
        CorpusError: It was trained on that corpus.
    """
    for seen in seen_corpora(name, folder):
        if corpus == seen or corpus.startswith(f"{seen}_"):
            raise CorpusError(
                f"'{name}' was trained on {seen}, so its scores on '{corpus}' say nothing about new conversations. "
                "Choose another corpus, or add --allow-seen to score it all the same."
            )
