from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SITE = Path(__file__).with_name("site")


@pytest.fixture
def dinner_talk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package of ``site/``, as if it were installed: its metadata names what it brings."""
    monkeypatch.syspath_prepend(str(SITE))
    yield SITE
    for name in [name for name in sys.modules if name.partition(".")[0] == "dinner_talk"]:
        del sys.modules[name]
