"""Find a corpus on the disk and read it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

from erckit.corpora.corpus import Corpus
from erckit.corpora.corpus_source import CorpusSource, Layout
from erckit.errors import CorpusError, nearest
from erckit.storage.cache import cache_folder

# A corpus is one file and one line here; the module is imported when it is needed.
CORPORA: dict[str, str] = {
    "emorynlp": "erckit.corpora.emorynlp:EMORYNLP",
    "emorynlp_aligned": "erckit.corpora.emorynlp_aligned:EMORYNLP_ALIGNED",
}


def corpus_source(name: str) -> CorpusSource:
    """What is known of a corpus: licence, source, layouts, published counts.

    Raises:
        CorpusError: No corpus of that name; the message names the nearest.
    """
    if name not in CORPORA:
        raise CorpusError(f"unknown corpus '{name}'. {nearest(name, CORPORA)}")
    module, _, attribute = CORPORA[name].partition(":")
    source: CorpusSource = getattr(importlib.import_module(module), attribute)
    return source


def load_corpus(name: str, folder: Path | str | None = None) -> Corpus:
    """A corpus with its splits.

    Args:
        name: A name of :data:`CORPORA`.
        folder: Where its files lie (at any depth of three), in any published layout or as uniform JSONL.
            None looks in ``$ERCKIT_DATA/NAME``, ``$ERCKIT_DATA/raw/NAME``, the cache folder
            (where ``erckit corpora get NAME`` puts it) and ``../shared/data`` beside a working copy.

    Raises:
        CorpusError: No such corpus, not found, or damaged.
    """
    source = corpus_source(name)
    found = find_layout(source, folder)
    if found is None:
        raise CorpusError(_not_found(source, folder))
    layout, files = found
    splits = {split: layout.parse(path, source.label_set) for split, path in files.items()}
    for split, conversations in splits.items():
        for conversation in conversations:
            for utterance in conversation.utterances:
                if utterance.label is None:
                    raise CorpusError(
                        f"{files[split]}: utterance '{utterance.id}' of '{conversation.id}' has no gold label. "
                        f"Get the corpus again with 'erckit corpora get {name}'."
                    )
    return Corpus(
        name=source.name,
        version=f"{source.version}, {layout.name}",
        label_set=source.label_set,
        splits=splits,
        licence=source.licence,
        source=source.source,
        anonymous_speakers=source.anonymous_speakers,
        protocols=source.protocols(),
    )


def find_layout(source: CorpusSource, folder: Path | str | None = None) -> tuple[Layout, dict[str, Path]] | None:
    """The first complete layout of a corpus, and the file of each split; None where there is none."""
    for place in [Path(folder)] if folder is not None else corpus_folders(source.name):
        for layout in source.layouts:
            files = _find_files(place, layout)
            if files is not None:
                return layout, files
    return None


def corpus_folders(name: str) -> list[Path]:
    """Folders in which a corpus is looked for, in order; they need not exist."""
    folders = []
    data = os.environ.get("ERCKIT_DATA")
    if data:
        folders += [Path(data) / name, Path(data) / "raw" / name]
    folders.append(cache_folder() / "corpora" / name)
    # Development convenience: a data folder beside the working copy this file belongs to, or beside the
    # working copy one stands in.
    for root in (Path(__file__).resolve().parents[3], Path.cwd()):
        shared = root.parent / "shared" / "data"
        folders += [shared / name, shared / "raw" / name]
    return folders


def _find_files(folder: Path, layout: Layout) -> dict[str, Path] | None:
    """The split files of a layout, all in one folder: ``folder`` itself or up to two levels below."""
    for place in _folders_below(folder):
        files = {split: place / name for split, name in layout.files.items()}
        if all(path.is_file() for path in files.values()):
            return files
    return None


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


def _not_found(source: CorpusSource, folder: Path | str | None) -> str:
    where = f"not in {folder}" if folder is not None else "not on this machine"
    layouts = "; ".join(f"{layout.name} ({', '.join(layout.files.values())})" for layout in source.layouts)
    return (
        f"corpus '{source.name}' is {where}. Run 'erckit corpora get {source.name}', or name a folder that has it "
        f"as one of: {layouts}."
    )
