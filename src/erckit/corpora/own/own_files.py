"""Which files of a user's folder hold which split."""

from __future__ import annotations

import re
from pathlib import Path

from erckit.corpora.corpus_source import SPLITS
from erckit.errors import CorpusError

EXTENSIONS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".pq")
WHOLE = ""  # stands for the split of a file that holds all conversations
_NAMES = {
    "train": "train", "training": "train", "trn": "train",
    "dev": "dev", "valid": "dev", "validation": "dev", "val": "dev",
    "test": "test", "tst": "test",
}  # fmt: skip


def split_of(name: object) -> str | None:
    """The split that a word such as ``"validation"`` means, or None."""
    return _NAMES.get(str(name).strip().casefold())


def own_files(path: Path) -> dict[str, Path]:
    """The file of each split, or the one file that holds all of them, under ``WHOLE``.

    A folder holds ``train``, ``dev`` (``valid``, ``validation``, ``val``) and ``test`` files; other words in
    the name do not matter (``train_sent_emo.csv``). A file is the whole corpus, unless its name says dev or
    test. A folder with a single file is that file.

    Raises:
        CorpusError: Nothing there, no file that can be read, or two files for a split.
    """
    if path.is_file():
        if path.suffix.lower() not in EXTENSIONS:
            raise CorpusError(f"{path}: a corpus is a file of {', '.join(EXTENSIONS)}, or a folder of such files.")
        split = _split_of_file(path)
        return {WHOLE if split in (None, "train") else str(split): path}
    if not path.is_dir():
        raise CorpusError(f"{path}: there is no such file or folder. Check the spelling of the path.")
    candidates = sorted(p for p in path.iterdir() if p.is_file() and p.suffix.lower() in EXTENSIONS)
    candidates = [p for p in candidates if not p.name.startswith(".")]
    # Files that are called exactly after a split win over those that only have its name in theirs.
    exact = [p for p in candidates if split_of(p.stem)]
    files: dict[str, Path] = {}
    for file in exact or candidates:
        split = _split_of_file(file)
        if split is None:
            continue
        if split in files:
            raise CorpusError(
                f"{path}: both {files[split].name} and {file.name} are '{split}'. Leave one of them in the folder."
            )
        files[split] = file
    if not files and len(candidates) == 1:
        return {WHOLE: candidates[0]}
    if not files:
        there = ", ".join(p.name for p in candidates[:5]) or f"no file of {', '.join(EXTENSIONS)}"
        raise CorpusError(
            f"{path}: has no train, dev and test files (there is {there}). Name them train.csv, dev.csv and test.csv "
            "(or .jsonl, .tsv, .parquet), or name one file, which is then divided."
        )
    return {split: files[split] for split in SPLITS if split in files}


def _split_of_file(path: Path) -> str | None:
    found = {split for word in re.split(r"[^a-zA-Z]+", path.stem) if (split := split_of(word))}
    return found.pop() if len(found) == 1 else None
