from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def data() -> Path:
    """The folder of real corpora, which is not part of the repository."""
    named = os.environ.get("ERCKIT_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"
    if not (folder / "emorynlp" / "train.jsonl").is_file():
        pytest.skip(f"needs the corpora: {folder} is not there; set ERCKIT_DATA")
    return folder
