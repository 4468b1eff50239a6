"""The application: models, memory, routes and the layers around them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from erckit import __version__
from erckit.server.counters import Counters
from erckit.server.engine import Engine, LabelKey, StreamKey
from erckit.server.guards.access import Access
from erckit.server.guards.body_limit import BodyLimit
from erckit.server.guards.gate import Gate
from erckit.server.guards.guard import Guard
from erckit.server.guards.refusal import Refusal, code_of, error_response
from erckit.server.guards.traffic import Traffic
from erckit.server.messages.strict_json import StrictJsonRoute
from erckit.server.messages.wrong_fields import wrong_fields
from erckit.server.model_table import Load, ModelTable
from erckit.server.reading.reading import Reading
from erckit.server.routes.explain import add_explain_route
from erckit.server.routes.label import add_label_route
from erckit.server.routes.models import add_models_route
from erckit.server.routes.page import add_page_routes
from erckit.server.routes.read import add_read_route
from erckit.server.routes.speakers import add_speaker_routes
from erckit.server.routes.stream_events import add_stream_events_route
from erckit.server.routes.stream_socket import add_stream_socket_route
from erckit.server.routes.watching import add_watching_routes
from erckit.server.settings import ServerSettings
from erckit.server.state import ServerState
from erckit.server.worker import Batch, Worker

OpenPool = Callable[[Any], Any]
"""From a labeler, with a speaker memory or without, to a StreamPool."""


def create_app(settings: ServerSettings, load: Load | None = None, open_pool: OpenPool | None = None) -> FastAPI:
    """A server that has its models loaded; it takes requests once its lifespan has begun.

    Args:
        settings: What it is started with.
        load: How a model is loaded, given its source and the speaker memory; None loads a Labeler.
        open_pool: How streams are kept, given a labeler; None takes a StreamPool.

    Raises:
        ModelFolderError: A model cannot be loaded.
        SpeakerMemoryError: The memory cannot be opened.
    """
    limits, counters, traffic = settings.limits, Counters(), Traffic()
    store = _open_store(settings)
    models = ModelTable.load(settings.models, store, load or _loader(settings))
    engine = Engine(models, store, open_pool or _pool_opener(settings))
    share = limits.key_share if len(settings.keys) > 1 else 1.0
    worker = Worker(engine.run, limits.in_flight, limits.timeout_seconds / 2, _reporter(counters), share)
    engine.is_given_up = worker.is_given_up
    reading = Reading(limits)
    counters.watch_queue(lambda: worker.waiting, lambda: worker.waiting_utterances)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        worker.start()
        yield
        # Whoever waited has been answered or has been given up by now.
        await asyncio.to_thread(worker.stop, 1.0)
        await reading.close()

    app = FastAPI(
        title="erckit",
        version=__version__,
        summary="Emotions of the utterances of a conversation.",
        description='Every error has the body `{"error": {"code", "message"}}`.',
        lifespan=lifespan,
        # Served by a route of ours, behind the key; the pages that FastAPI would show fetch scripts from elsewhere.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Nothing is reported to anybody, whatever the environment says.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.state.erckit = ServerState(settings, models, worker, engine, counters, traffic, store is not None, reading)
    _add_routes(app)
    _add_error_forms(app)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, most=limits.body_bytes)
    app.add_middleware(Gate, limits=limits, traffic=traffic, counters=counters, keys=len(settings.keys))
    app.add_middleware(Access, settings=settings)
    app.add_middleware(Guard, counters=counters, log_text=settings.log_text)
    return app


def _add_routes(app: FastAPI) -> None:
    router = app.router
    router.route_class = StrictJsonRoute
    add_label_route(router)
    add_read_route(router)
    add_explain_route(router)
    add_stream_events_route(router)
    add_stream_socket_route(router)
    add_models_route(router)
    add_speaker_routes(router)
    add_watching_routes(router)
    add_page_routes(router, app)


def _add_error_forms(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if isinstance(error, Refusal):
            return error_response(error.status_code, error.code, error.message, error.headers)
        code = code_of(error.status_code)
        return error_response(error.status_code, code, f"{code.replace('_', ' ')}.", error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return error_response(422, "invalid_request", wrong_fields(error.errors()))


def _open_store(settings: ServerSettings) -> Any:
    if settings.memory is None:
        return None
    from erckit.memory.store.open_store import open_store

    store = open_store(settings.memory, keeps_text=settings.keeps_text)
    store.last(["nobody"], 1)  # what is loaded at the first question is loaded before anybody waits for it
    return store


def _loader(settings: ServerSettings) -> Load:
    def load(source: str, store: Any) -> Any:
        from erckit.conversation import Conversation, Utterance
        from erckit.labelling import Labeler

        labeler = Labeler.from_pretrained(source, precision=settings.precision, memory=store)
        # The first call of a network is slow; nobody should wait for it.
        first = Conversation("first", (Utterance("1", "Unknown", "hello"),))
        labeler.with_memory(None).logits([first])
        return labeler

    return load


def _pool_opener(settings: ServerSettings) -> OpenPool:
    def open_pool(labeler: Any) -> Any:
        from erckit.labelling.stream.stream_pool import StreamPool

        return StreamPool(
            labeler,
            max_conversations=settings.limits.streamed_conversations,
            idle_seconds=settings.limits.idle_seconds,
        )

    return open_pool


def _reporter(counters: Counters) -> Callable[[Batch], None]:
    def report(batch: Batch) -> None:
        for waited in batch.waited:
            counters.wait_seconds.observe(waited)
        if isinstance(batch.key, LabelKey | StreamKey):
            how = "batch" if isinstance(batch.key, LabelKey) else "stream"
            counters.utterances.labels(batch.key.model, how).inc(batch.utterances)
            counters.model_seconds.labels(batch.key.model).observe(batch.seconds)
            counters.batch_utterances.observe(batch.utterances)

    return report
