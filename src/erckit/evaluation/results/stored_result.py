"""Result files out of files and folders that somebody names."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from erckit.errors import ResultError
from erckit.evaluation.results.result import Result

# What `erckit evaluate RECIPE --out DIR` keeps of single seeds; the result over all seeds stands beside these folders.
_SEED_FOLDERS = "seed-*"


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result and the file it was read from.

    Args:
        path: The file.
        result: What it holds.
    """

    path: Path
    result: Result

    @property
    def name(self) -> str:
        """What to call it: the file's name in the layout ``<protocol>/<system>.json``, elsewhere the system's name."""
        in_layout = self.path.resolve().parent.name == self.result.protocol.name.replace("/", "-")
        return self.path.stem if in_layout else self.result.system


def load_results(places: Sequence[str | Path]) -> list[StoredResult]:
    """Read every result that the places hold.

    In a folder, files that are no results are passed over and so are the single seeds of a recipe's trainings
    (folders ``seed-...``); a file that is named must be a result.

    Args:
        places: Files and folders; a folder is searched to any depth.

    Returns:
        In the order of the places, within a folder by path; a file that is named twice comes once.

    Raises:
        ResultError: A place that does not exist, holds no result, or holds one that cannot be read.
    """
    found: dict[Path, StoredResult] = {}
    for place in map(Path, places):
        if not place.exists():
            raise ResultError(f"{place}: no such file or folder; name files that 'erckit evaluate --json' wrote.")
        paths = list(_result_files(place)) if place.is_dir() else [place]
        if not paths:
            raise ResultError(f"{place}: holds no result; put files there that 'erckit evaluate --json' wrote.")
        for path in paths:
            key = path.resolve()
            if key not in found:
                found[key] = StoredResult(path, Result.load(path))
    return list(found.values())


def _result_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.json")):
        inside = path.relative_to(folder).parts[:-1]
        hidden = any(part.startswith(".") or fnmatch.fnmatch(part, _SEED_FOLDERS) for part in inside)
        if not hidden and path.is_file() and _looks_like_a_result(path):
            yield path


def _looks_like_a_result(path: Path) -> bool:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and {"schema_version", "protocol", "predictions"} <= set(data)
