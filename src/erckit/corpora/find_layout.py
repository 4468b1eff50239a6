"""Find the files of a corpus on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from erckit.corpora.corpus_source import CorpusSource, Layout
from erckit.storage.cache import cache_folder


def find_layout(source: CorpusSource, folder: Path | str | None = None) -> tuple[Layout, dict[str, Path]] | None:
    """A layout of a corpus, and the file of each split; None where there is none.

    The first complete one is taken. Where none is complete and the corpus may lack splits, the one with the most
    splits is.

    Args:
        source: What is looked for.
        folder: Where, at any depth of three; None looks in :func:`corpus_folders`.
    """
    best: tuple[Layout, dict[str, Path]] | None = None
    for place in [Path(folder)] if folder is not None else corpus_folders(source.home):
        # A folder that holds several corpora has one named after each, and several hold a train.jsonl.
        for root in dict.fromkeys((place / source.home, place)):
            for layout in source.layouts:
                for files in _found(root, layout):
                    if len(files) == len(layout.files):
                        return layout, files
                    if source.partial and len(files) > (len(best[1]) if best else 0):
                        best = layout, files
    return best


def corpus_folders(name: str) -> list[Path]:
    """Folders in which a corpus is looked for, in order; they need not exist."""
    folders = []
    data = os.environ.get("ERCKIT_DATA")
    if data:
        folders += [Path(data) / name, Path(data) / "raw" / name]
    folders.append(cache_folder() / "corpora" / name)
    return folders


def _found(folder: Path, layout: Layout) -> Iterator[dict[str, Path]]:
    """Files of a layout that lie in one folder, for ``folder`` itself and up to two levels below."""
    for place in _folders_below(folder):
        files = {split: place / name for split, name in layout.files.items() if (place / name).is_file()}
        if files:
            yield files


def _folders_below(folder: Path, depth: int = 2) -> Iterator[Path]:
    if not folder.is_dir():
        return
    level = [folder]
    for _ in range(depth + 1):
        yield from level
        level = sorted(child for parent in level for child in _subfolders(parent))


def _subfolders(folder: Path) -> list[Path]:
    try:
        return [child for child in folder.iterdir() if child.is_dir() and not child.name.startswith(".")]
    except OSError:
        return []
