"""The files of the page, as they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).resolve().parent
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Nothing inline and nothing from another host: should a text ever get past the escaping, it cannot run or load.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page_files() -> Mapping[str, tuple[str, bytes]]:
    """Every file of the page by its name: content type and bytes.

    ``index.html`` belongs at the address itself, the others beside it under their names. They hold no data and need
    no API key. Send :data:`PAGE_POLICY` as the ``Content-Security-Policy`` with them.
    """
    return MappingProxyType(
        {
            path.name: (_TYPES[path.suffix], path.read_bytes())
            for path in sorted(_FOLDER.iterdir())
            if path.suffix in _TYPES
        }
    )
