"""The page at ``/``, its files beside it, and the OpenAPI document."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from erckit.server.messages.json_answer import json_answer
from erckit.web import PAGE_POLICY, page_files

FIRST = "index.html"


def add_page_routes(router: APIRouter, app: FastAPI) -> None:
    """Declare one route for every file, so that no path of a request ever reaches the disk."""
    for name, (content_type, content) in page_files().items():
        _add_file(router, "/" if name == FIRST else f"/{name}", content_type, content)

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return json_answer(app.openapi())


def _add_file(router: APIRouter, path: str, content_type: str, content: bytes) -> None:
    # Written out: Starlette would add a second charset to the type of a text.
    headers = {"content-type": content_type, "content-security-policy": PAGE_POLICY, "cache-control": "no-cache"}

    @router.get(path, include_in_schema=False)
    async def file() -> Response:
        return Response(content, headers=headers)
