"""JSON as its standard has it: no NaN, no Infinity, no key twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from erckit.readers.clean_text import well_formed
from erckit.server.guards.limits import Limits
from erckit.server.guards.refusal import Refusal
from erckit.server.messages.to_conversations import refuse_more_conversations, refuse_more_utterances
from erckit.server.state import state_of

LARGE = 32_768  # bytes of a body
MOST_ELEMENTS = 100_000  # of a body; commas of texts count as well
MOST_KEYS = 32  # of any object of a body


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
        content, limits = await self.body(), state_of(self).settings.limits
        # A large one in a thread: others are answered meanwhile, however many elements it has.
        return await run_in_threadpool(_read, content, limits) if len(content) > LARGE else _read(content, limits)


def _read(content: bytes, limits: Limits) -> Any:
    # Counted in the bytes: of so many elements the reading alone would hold up everybody.
    if content.count(b",") > MOST_ELEMENTS or content.count(b'":') > MOST_ELEMENTS:
        raise Refusal(413, "too_large", f"the body has more than {MOST_ELEMENTS:,} elements. Send several requests.")
    value = strict_json(content)
    check_counts(value, limits)
    return well_formed(value)


def check_counts(value: Any, limits: Limits) -> None:
    """Refuse more conversations, utterances or keys than a body may hold, before each of them is looked at.

    A body of two megabytes has room for a million elements; telling what is wrong with each would take seconds.

    Raises:
        Refusal: 413 for too many conversations or utterances, 422 for too many keys.
    """
    if not isinstance(value, dict):
        return
    asked = value.get("conversations")
    conversations = asked if isinstance(asked, list) else [value.get("conversation")]
    refuse_more_conversations(len(conversations), limits)
    objects = [value, *(one for one in conversations if isinstance(one, dict))]
    lists = [said for one in objects if isinstance(said := one.get("utterances"), list)]
    refuse_more_utterances(sum(map(len, lists)), limits)
    objects += [said for utterances in lists for said in utterances if isinstance(said, dict)]
    if any(len(one) > MOST_KEYS for one in objects):
        raise Refusal(422, "invalid_request", "an object has more keys than any has here. Send objects as documented.")


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"


def _no_number(name: str) -> NoReturn:
    raise Refusal(422, "invalid_json", f"{name} is no JSON number. Leave the value out or send null.")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refusal(422, "invalid_json", "an object has a key twice. Send each key once.")
    return found
