"""What a training wrote down: ``metrics.jsonl`` and, where TensorBoard is installed, its events."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any


class Journal:
    """Appends one line per record; a line is whole or, after a kill, the last one is cut and ignored by readers.

    Args:
        folder: Gets ``metrics.jsonl`` and ``tensorboard/``.
        enabled: Off in all processes but the first.
    """

    def __init__(self, folder: Path, enabled: bool = True) -> None:
        self._folder, self._enabled = folder, enabled
        self._file: Any = None
        self._board: Any = None

    def __enter__(self) -> Journal:
        if self._enabled:
            path = self._folder / "metrics.jsonl"
            is_cut = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
            self._file = open(path, "a", encoding="utf-8")
            if is_cut:  # by a kill; the next record needs a line of its own
                self._file.write("\n")
            try:
                from torch.utils.tensorboard import SummaryWriter

                self._board = SummaryWriter(str(self._folder / "tensorboard"))
            except ImportError:
                self._board = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for part in (self._file, self._board):
            if part is not None:
                part.close()

    def write(self, record: Mapping[str, Any]) -> None:
        """Write one record; its numbers also become TensorBoard scalars over ``step``."""
        if not self._enabled:
            return
        self._file.write(json.dumps({**record, "time": round(time.time(), 2)}) + "\n")
        self._file.flush()
        if self._board is not None:
            group = record.get("split", "train")
            for key, value in record.items():
                if isinstance(value, float):
                    self._board.add_scalar(f"{group}/{key}", value, record["step"])
