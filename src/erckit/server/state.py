"""What the routes of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from erckit.server.counters import Counters
from erckit.server.engine import Engine
from erckit.server.guards.access import key_of
from erckit.server.guards.refusal import Refusal
from erckit.server.guards.traffic import Traffic
from erckit.server.model_table import ModelTable
from erckit.server.reading.reading import Reading
from erckit.server.settings import ServerSettings
from erckit.server.worker import Worker

DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server.

    Args:
        settings: What it was started with.
        models: Its models.
        worker: The thread that owns them.
        engine: What that thread does.
        counters: What it counts.
        traffic: What it has taken and not answered yet.
        has_memory: Whether it remembers speakers.
        reading: Processes that read transcripts, beside the models.
    """

    settings: ServerSettings
    models: ModelTable
    worker: Worker
    engine: Engine
    counters: Counters
    traffic: Traffic
    has_memory: bool
    reading: Reading

    async def ask(self, connection: HTTPConnection, function: Any, *arguments: Any, utterances: int = 1) -> Any:
        """Call a function of the engine in the worker's thread, for a client; it reads so many utterances."""
        return await self.worker.do(None, lambda: function(*arguments), utterances, owner=key_of(connection.scope))

    def remembers(self, wish: bool | None) -> bool:
        """Whether a request reads and writes the memory.

        Raises:
            Refusal: 422, it asks for a memory that is not there.
        """
        if wish and not self.has_memory:
            raise Refusal(
                422, "no_memory", "the server has no speaker memory. Leave 'remember' out, or start it with --memory."
            )
        return self.has_memory if wish is None else wish


def state_of(connection: HTTPConnection) -> ServerState:
    """The server a request or web socket came to."""
    state: ServerState = connection.app.state.erckit
    return state


def namespace_of(connection: HTTPConnection, wish: str | None) -> str:
    """Whose speakers a request is about: the key's namespace, else the one it names, else ``default``.

    Raises:
        Refusal: 403, it names another namespace than its key's.
    """
    key = key_of(connection.scope)
    own = None if key is None else key.namespace
    if own is not None and wish is not None and wish != own:
        raise Refusal(403, "foreign_namespace", f"this key is for the namespace '{own}'. Leave 'namespace' out.")
    return own or wish or DEFAULT_NAMESPACE
