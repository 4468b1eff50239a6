"""What a backbone is, in words: its name, or for one out of a trained model what it was tuned by."""

from __future__ import annotations

import json
from pathlib import Path

TUNED = "erckit_tuned"  # key in the config.json of a backbone that training has changed


def backbone_about(name: str, folder: Path | None) -> str:
    """``"all-MiniLM-L6-v2, tuned: baseline/goemotions_labels"`` where the folder says so, else the name.

    Args:
        name: What the model's settings call it: a name or a folder.
        folder: Where it lies, None where that is not known.
    """
    try:
        config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8")) if folder is not None else {}
    except (OSError, ValueError):
        config = {}
    tuned = config.get(TUNED) if isinstance(config, dict) else None
    if isinstance(tuned, dict) and tuned.get("base") and tuned.get("by"):
        return f"{tuned['base']}, tuned: {tuned['by']}"
    return Path(name).name if Path(name).is_absolute() else name
