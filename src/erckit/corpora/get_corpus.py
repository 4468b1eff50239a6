"""Fetch a corpus from where it is published, or take it from a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from erckit.corpora.checks.corpus_statistics import corpus_statistics
from erckit.corpora.corpus_source import CorpusSource
from erckit.corpora.find_layout import find_layout
from erckit.corpora.load_corpus import corpus_source, load_corpus
from erckit.errors import CorpusError
from erckit.progress import Progress
from erckit.storage.atomic import atomic_folder, write_text
from erckit.storage.cache import cache_folder
from erckit.storage.download import download
from erckit.storage.manifest import file_sha256

_CHECKSUMS = "checksums.json"
# Only what the publication states decides; derived counts are for `erckit corpora stats`.
_DECISIVE = ("conversations", "utterances", "labels")


def get_corpus(
    name: str,
    from_dir: Path | str | None = None,
    target: Path | str | None = None,
    report: Callable[[str], None] | None = None,
    quiet: bool = False,
) -> Path:
    """Put a corpus where :func:`load_corpus` finds it, after checking that it is the published one.

    Args:
        name: A name of ``CORPORA``.
        from_dir: Take it from this folder, in any of its layouts, instead of downloading it.
        target: Where to put it; None is the cache folder. Replaced whole, only once everything is right.
        report: Gets a line for each step.
        quiet: No progress bar.

    Returns:
        The folder that holds it now.

    Raises:
        CorpusError: No such corpus, nothing usable in ``from_dir``, or counts that are not the published ones.
        DownloadError: A file cannot be fetched or is not the pinned one; what came is kept and continued.
    """
    source = corpus_source(name)
    say = report or (lambda line: None)
    folder = Path(target) if target is not None else cache_folder() / "corpora" / source.home
    if from_dir is not None:
        _install(source, Path(from_dir), folder, say)
        return folder
    if _is_there(source, folder):
        say(f"{name} is already in {folder}")
        return folder
    if not source.files:
        raise CorpusError(f"'{name}' cannot be downloaded: {source.manual}.")
    if source.manual:
        raise CorpusError(f"corpus '{name}' cannot be downloaded: {source.manual}.")
    staging = folder.with_name(f"{folder.name}.download")
    _fetch(source, staging, say, quiet)
    _install(source, staging, folder, say)
    shutil.rmtree(staging, ignore_errors=True)
    return folder


def _is_there(source: CorpusSource, folder: Path) -> bool:
    """Whether a folder holds all splits that can be fetched, as published."""
    found = find_layout(source, folder)
    fetched = {file.name for file in source.files}
    wanted = {split for layout in source.layouts for split, name in layout.files.items() if name in fetched}
    if found is None or not (wanted or set(found[0].files)) <= set(found[1]):
        return False
    try:
        return not _wrong_counts(source, folder)
    except CorpusError:  # damaged, or without what this task needs: it is fetched again
        return False


def _fetch(source: CorpusSource, staging: Path, say: Callable[[str], None], quiet: bool) -> None:
    """Download every file; files whose checksum is not pinned are recorded when they first come."""
    recorded = _recorded(staging)
    for file in source.files:
        pinned = file.sha256 or recorded.get(file.name)
        say(f"fetching {file.url}")
        with Progress(None, f"Fetching {file.name}", unit="bytes", quiet=quiet) as bar:

            def advance(done: int, total: int | None, bar: Progress = bar) -> None:
                if bar.total != total:
                    bar.set_total(total)
                bar.advance(done - bar.done)

            path = download(file.url, staging / file.name, pinned, report=advance)
        if pinned is None:
            recorded[file.name] = file_sha256(path)
            write_text(staging / _CHECKSUMS, json.dumps(recorded, indent=2) + "\n")


def _recorded(folder: Path) -> dict[str, str]:
    try:
        value = json.loads((folder / _CHECKSUMS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(entry) for key, entry in value.items()} if isinstance(value, dict) else {}


def _install(source: CorpusSource, origin: Path, folder: Path, say: Callable[[str], None]) -> None:
    """Check the files in ``origin`` and copy them to ``folder``."""
    if not origin.is_dir():
        raise CorpusError(f"{origin}: is not a folder. Name the folder that holds the files of '{source.name}'.")
    found = find_layout(source, origin)
    if found is None:
        load_corpus(source.name, origin)  # says what it looked for
        raise CorpusError(f"{origin}: holds no complete '{source.name}'.")
    layout, files = found
    _keep_what_is_there(source, files, folder)
    say(f"checking {layout.name} in {origin}")
    wrong = _wrong_counts(source, origin)
    if wrong:
        raise CorpusError(
            f"{origin}: is not the published '{source.name}' ({'; '.join(wrong[:3])}). Get the files again from "
            f"{source.source}, or check with 'erckit corpora stats {source.name}' which part differs."
        )
    checksums = {path.name: file_sha256(path) for path in files.values()}
    for file in source.files:
        if file.sha256 is not None and checksums.get(file.name, file.sha256) != file.sha256:
            say(f"{file.name} differs from the pinned file (sha256), but its counts are the published ones")
    with atomic_folder(folder) as temporary:
        place = next(iter(files.values())).parent
        companions = [place / name for name in layout.companions if (place / name).is_file()]
        for path in (*files.values(), *companions):
            shutil.copyfile(path, temporary / path.name)
        write_text(temporary / _CHECKSUMS, json.dumps(checksums, indent=2) + "\n")
    say(f"{source.name} is in {folder}")


def _keep_what_is_there(source: CorpusSource, files: Mapping[str, Path], folder: Path) -> None:
    """Refuse to replace a folder by one that lacks splits it has."""
    present = find_layout(source, folder)
    lost = [split for split in present[1] if split not in files] if present else []
    if lost:
        raise CorpusError(
            f"{folder} has the split '{lost[0]}' of '{source.name}', and the given folder has not. Put all splits into "
            "one folder, or use the given one as it is with --from."
        )


def _wrong_counts(source: CorpusSource, folder: Path) -> list[str]:
    mismatches = corpus_statistics(load_corpus(source.name, folder)).mismatches()
    return [str(m) for m in mismatches if m.key in _DECISIVE]
