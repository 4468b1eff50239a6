"""Answers that were paid for, kept on disk: one line each, appended."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import threading
import time
from pathlib import Path

from erckit.prompting.engines.request import Request
from erckit.storage.atomic import make_folder
from erckit.storage.cache import cache_folder


def annotation_file(model: str) -> Path:
    """Where answers of a model are kept."""
    readable = re.sub(r"[^\w.-]+", "-", model, flags=re.ASCII).strip("-.")[:60]
    digest = hashlib.sha256(model.encode("utf-8", "replace")).hexdigest()[:8]
    return cache_folder() / "annotations" / f"{readable}-{digest}.jsonl"


class AnnotationCache:
    """Answers by what was asked, of one model.

    The file is only ever appended to. A line is written in one piece and synchronised before the answer is used, so a
    kill loses at most the line being written; a line that is cut is passed over, and the next one starts on a line of
    its own. Several processes may append to the same file.

    Args:
        path: The JSONL file; need not exist.
        model: Part of every key.

    Raises:
        OSError: The file cannot be read.
    """

    def __init__(self, path: Path, model: str) -> None:
        self.path, self._model = path, model
        self._texts: dict[str, str] = {}
        self._lock = threading.Lock()
        for line in path.read_bytes().split(b"\n")[:-1] if path.exists() else ():  # what is cut has no line end
            with contextlib.suppress(ValueError, KeyError, TypeError):  # cut by a kill, and another one after it
                row = json.loads(line)
                # The first answer stays, so that what was built on it stays valid.
                if isinstance(row["text"], str):
                    self._texts.setdefault(str(row["key"]), row["text"])

    def __len__(self) -> int:
        return len(self._texts)

    def key(self, request: Request) -> str:
        """sha256 over the model, the kind and version of the prompt, and every word of it."""
        parts = [self._model, request.kind, request.system, request.user, request.max_tokens]
        return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()

    def get(self, request: Request) -> str | None:
        """The answer that was kept, or None."""
        return self._texts.get(self.key(request))

    def add(self, request: Request, text: str) -> None:
        """Keep an answer; on return it is on disk.

        Raises:
            OSError: It cannot be written.
        """
        key = self.key(request)
        row = {"key": key, "kind": request.kind, "model": self._model, "text": text, "time": round(time.time())}
        with self._lock:
            self._append(json.dumps(row).encode("ascii") + b"\n")
            self._texts.setdefault(key, text)

    def _append(self, line: bytes) -> None:
        make_folder(self.path.parent, private=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            with contextlib.suppress(ImportError, OSError):  # no locks on this platform or file system
                import fcntl

                fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.fstat(descriptor).st_size
            os.lseek(descriptor, max(0, size - 1), os.SEEK_SET)
            if size and os.read(descriptor, 1) != b"\n":  # a cut line: ours needs one of its own
                line = b"\n" + line
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
