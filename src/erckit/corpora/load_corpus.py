"""Find a corpus on the disk and read it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from erckit.corpora.checks.check_splits import check_splits
from erckit.corpora.corpus import Corpus
from erckit.corpora.corpus_source import CorpusSource, Layout
from erckit.corpora.find_layout import find_layout
from erckit.corpora.known_corpora import CORPORA, corpus_source, is_known_corpus
from erckit.corpora.mappings.labels_apart import APART, labels_apart
from erckit.corpora.mappings.mappings import find_mapping, map_corpus
from erckit.corpora.mixture import is_mixture, mix_corpora, mixture_parts
from erckit.corpora.own.own_files import EXTENSIONS
from erckit.errors import CorpusError

__all__ = ["CORPORA", "corpus_source", "load_corpus"]


def load_corpus(name: str, folder: Path | str | None = None, map: str | Path = "") -> Corpus:
    """A corpus with its splits.

    Args:
        name: A name of :data:`CORPORA`, several joined by ``+`` (:func:`mix_corpora`), or the path of a folder or
            file of the user's (:func:`load_own_corpus`, with the values of a ``corpus.yaml`` beside it).
        folder: Where its files lie (at any depth of three), in any published layout or as uniform JSONL.
            None looks in ``$ERCKIT_DATA/NAME``, ``$ERCKIT_DATA/raw/NAME`` and the cache folder
            (where ``erckit corpora get NAME`` puts it).
        map: Label set or mapping file its labels are mapped to (:func:`find_mapping`); empty for its own labels.
            The label set is then the labels that it reaches. ``"apart"`` keeps the labels of each part of a
            mixture (:func:`labels_apart`).

    Raises:
        CorpusError: No such corpus, not found, or damaged.
        LabelSetError: No such label set, or no mapping from this corpus.
    """
    if is_mixture(name):
        wanted = mixture_parts(name)
        parts = [load_corpus(part, folder) for part, _ in wanted]
        if map == APART:
            parts = labels_apart(parts)
        elif map:
            parts = [map_corpus(part, find_mapping(part.label_set.labels, map)) for part in parts]
        return mix_corpora(parts, [times for _, times in wanted])
    if map:
        corpus = load_corpus(name, folder)
        return map_corpus(corpus, find_mapping(corpus.label_set.labels, map), reachable_only=True)
    if not is_known_corpus(name):
        own = _own_place(name, folder)
        if own is not None:
            from erckit.corpora.own.own_corpus import load_own_corpus
            from erckit.corpora.own.own_settings import own_settings

            return load_own_corpus(own, **own_settings(own).to_dict())
    source = corpus_source(name)
    found = find_layout(source, folder)
    if found is None:
        raise CorpusError(_not_found(source, folder))
    layout, files = found
    splits = layout.read(files, source.label_set)
    check_splits(source.name, splits, files, source.has_unlabelled)
    return Corpus(
        name=source.name,
        version=f"{source.version}, {layout.name}",
        label_set=source.label_set,
        splits=splits,
        licence=source.licence,
        source=source.source,
        anonymous_speakers=source.anonymous_speakers,
        protocols=source.protocols(),
        missing={split: _missing(source, layout, files, split) for split in layout.files if split not in files},
        published=source.published if layout.published is None else layout.published,
    )


def _missing(source: CorpusSource, layout: Layout, files: Mapping[str, Path], split: str) -> str:
    """Which file would hold a split that is not there."""
    place = next(iter(files.values())).parent
    # The uniform form is erckit's own; what a user can get is what is published.
    others = [other for other in source.layouts[1:] if other is not layout and split in other.files]
    also = f"; it is published as {' or '.join(other.files[split] for other in others)}" if others else ""
    return f"{layout.files[split]} is not in {place}{also}"


def _own_place(name: str, folder: Path | str | None) -> Path | None:
    """The user's folder or file that a name means, or None where it can only be the name of a corpus."""
    for place in (Path(name), *([Path(folder) / name] if folder is not None else [])):
        if place.exists():
            return place
    if Path(name).suffix.lower() in EXTENSIONS or len(Path(name).parts) > 1:
        raise CorpusError(f"there is no file or folder '{name}'. Check the spelling of the path.")
    return None


def _not_found(source: CorpusSource, folder: Path | str | None) -> str:
    where = f"not in {folder}" if folder is not None else "not on this machine"
    layouts = "; ".join(
        f"{layout.name} ({', '.join(dict.fromkeys(layout.files.values()))})" for layout in source.layouts
    )
    get = f"Run 'erckit corpora get {source.name}', or name" if source.files else "Name"
    return f"corpus '{source.name}' is {where}. {get} a folder that has it as one of: {layouts}."
