"""JSON as its standard has it: no NaN, no Infinity, no key twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from erckit.server.guards.refusal import Refusal


def strict_json(content: bytes | str) -> Any:
    """Value of a JSON document.

    Raises:
        Refusal: 422, with what is wrong.
    """
    try:
        return json.loads(content, parse_constant=_no_number, object_pairs_hook=_object)
    except Refusal:
        raise
    except RecursionError:
        raise Refusal(422, "invalid_json", "the JSON is nested too deeply. Send objects as documented.") from None
    except json.JSONDecodeError as error:
        raise Refusal(
            422, "invalid_json", f"line {error.lineno}, column {error.colno}: {error.msg}. Send one JSON object."
        ) from None
    except ValueError:  # bytes in no encoding of Unicode, or an integer of thousands of digits
        raise Refusal(422, "invalid_json", "the body is no JSON in UTF-8. Send one JSON object.") from None


class StrictJsonRoute(APIRoute):
    """A route that takes JSON bodies only, read by :func:`strict_json`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, given a request that reads strictly."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method == "POST" and not _is_json(request.headers.get("content-type", "")):
                # A page of another site may send other types without asking; none of them is taken.
                raise Refusal(415, "unsupported_media_type", "send JSON, with 'Content-Type: application/json'.")
            return await handler(_StrictRequest(request.scope, request.receive))

        return handle


class _StrictRequest(Request):
    async def json(self) -> Any:
        return strict_json(await self.body())


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _no_number(name: str) -> NoReturn:
    raise Refusal(422, "invalid_json", f"{name} is no JSON number. Leave the value out or send null.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(422, "invalid_json", "an object has a key twice. Send each key once.")
    return found
