"""Any folder or file of labelled conversations as a corpus."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from erckit.corpora.checks.check_splits import check_splits
from erckit.corpora.corpus import Corpus, Protocol
from erckit.corpora.known_corpora import is_known_corpus
from erckit.corpora.own.given_splits import given_splits
from erckit.corpora.own.own_files import WHOLE, own_files
from erckit.corpora.own.own_labels import own_label_set
from erckit.corpora.own.own_overlap import refuse_overlap
from erckit.corpora.own.read_own import read_own
from erckit.corpora.own.split_conversations import split_conversations
from erckit.errors import CorpusError
from erckit.readers.build_conversation import UNKNOWN_SPEAKER
from erckit.storage.manifest import file_sha256

_METRIC = "weighted_f1"


def load_own_corpus(
    path: Path | str,
    *,
    label_column: str | None = None,
    columns: Mapping[str, str] | None = None,
    splits: Sequence[float] = (0.8, 0.1, 0.1),
    seed: int = 0,
    neutral: str | None = None,
) -> Corpus:
    """A corpus of conversations that a user has labelled.

    A folder has train, dev and test files (:func:`own_files`). One file is divided by conversation, or as its
    column ``split`` says. Utterances without a label are context. A table without columns for conversation and
    speaker holds single comments: each row is a conversation.

    Args:
        path: JSONL, CSV, TSV or Parquet: a file, or a folder of them.
        label_column: Column or JSON key of the gold label; None takes the usual ones (``emotion``, ``label``).
        columns: For tables, which column holds what; see :func:`read_conversations`.
        splits: Shares of train, dev and test where one file is divided; see :func:`split_conversations`.
        seed: Of that division.
        neutral: The label that means no emotion; None takes ``neutral``, ``no emotion`` or ``none``.

    Returns:
        Corpus named after the file or folder, scored by weighted F1. Its version names the content of the files
        and how they were divided. The label set is in order of frequency.

    Raises:
        CorpusError: Nothing to read, or a fault: a missing label column, a bad row, a split that is empty or has no
            label, splits that overlap, or a label that train lacks. The message names file, line and what to do.
    """
    path = Path(path)
    files = own_files(path)
    read = {split: read_own(file, label_column, columns or {}) for split, file in files.items()}
    name = _name(path)
    fix = "Mend the file."
    how = "splits as given"
    if WHOLE in files:
        file, conversations = files[WHOLE], read[WHOLE]
        check_splits(name, {"file": conversations}, {"file": file}, has_unlabelled=True, fix=fix)
        parts = given_splits(file, conversations)
        if parts is None:
            shares = _three(splits)
            parts = split_conversations(conversations, shares, seed)
            how = f"{'/'.join(f'{share:.0%}' for share in shares)} by conversation, seed {seed}"
        files = dict.fromkeys(parts, file)
    else:
        parts = read
        for split in parts:
            check_splits(name, {split: parts[split]}, files, has_unlabelled=True, fix=fix)
    parts = refuse_overlap(parts, files)
    check_splits(name, parts, files, has_unlabelled=True, fix=fix)
    checksums = "+".join(file_sha256(file)[:8] for file in dict.fromkeys(files.values()))
    return Corpus(
        name=name,
        version=f"own files {checksums}, {how}",
        label_set=own_label_set(path, parts, neutral),
        splits=parts,
        licence="the user's own",
        source=path.resolve().name,
        anonymous_speakers=frozenset({UNKNOWN_SPEAKER}),
        protocols={f"{name}/{split}": _protocol(name, split, "train" in parts) for split in parts if split != "train"},
    )


def _three(splits: Sequence[float]) -> tuple[float, float, float]:
    if len(splits) != 3 or not all(isinstance(share, int | float) for share in splits):
        raise CorpusError(f"'splits' must be three shares, of train, dev and test, got {list(splits)}.")
    return splits[0], splits[1], splits[2]


def _name(path: Path) -> str:
    resolved = path.resolve()
    name = re.sub(r"[^\w.-]+", "_", resolved.name if resolved.is_dir() else resolved.stem).strip("._") or "own"
    # A benchmark's name is the benchmark: its published counts are not this corpus'.
    return f"own_{name}" if is_known_corpus(name) else name


def _protocol(name: str, split: str, has_train: bool) -> Protocol:
    earlier = f"{split} earlier in the file"
    return Protocol(
        name=f"{name}/{split}",
        corpus=name,
        split=split,
        metric=_METRIC,
        selection="dev",
        memory=f"train, and {earlier}" if has_train else earlier,
        remembered_splits=("train",) if has_train else (),
    )
