"""Where erckit keeps what it fetched."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Folder for corpora, backbones and models that were fetched; not created here.

    Returns:
        ``$ERCKIT_CACHE`` if set, else ``$XDG_CACHE_HOME/erckit``, else ``~/.cache/erckit``.
    """
    own = os.environ.get("ERCKIT_CACHE")
    if own:
        return Path(own).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME")
    # The XDG specification says that a relative path there is invalid and to be ignored.
    if shared and Path(shared).is_absolute():
        return Path(shared) / "erckit"
    return Path.home() / ".cache" / "erckit"
