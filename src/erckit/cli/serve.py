"""``erckit serve``: labels over HTTP, and a page to try them on."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from erckit.cli.choose import choose
from erckit.cli.command_group import command_app
from erckit.cli.say import say
from erckit.encoding.precision import PRECISIONS

app = command_app()

KEY_VARIABLE = "ERCKIT_API_KEY"


@app.command("serve")
def serve(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            metavar="[ID=]MODEL",
            help="Bundled model, model folder or hub name; may be repeated, the first is the default. Clients name "
            "the ID, which is the last part of the name if left out. The bundled everyday if none is given.",
        ),
    ] = None,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on; others need ERCKIT_API_KEY.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 takes a free one.")] = 8000,
    memory: Annotated[
        str | None,
        typer.Option("--memory", metavar="FOLDER", help="Remember speakers in this folder; 'memory' until the end."),
    ] = None,
    keep_text: Annotated[
        bool | None,
        typer.Option("--keep-text/--no-keep-text", help="Whether a new memory keeps what was said, or vectors only."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="Another name of this server, such as a reverse proxy's; repeatable.",
        ),
    ] = None,
    max_utterances: Annotated[
        int, typer.Option("--max-utterances", metavar="N", min=1, help="Utterances of a request.")
    ] = 512,
    max_requests: Annotated[
        int, typer.Option("--max-requests", metavar="N", min=1, help="Requests taken at once; others get 429.")
    ] = 256,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0.1, max=3600, help="Longest wait for an answer.")
    ] = 30.0,
    precision: Annotated[
        str, typer.Option("--precision", metavar="|".join(PRECISIONS), help="Arithmetic of the models.")
    ] = "auto",
    log_text: Annotated[
        bool, typer.Option("--log-text", help="Let messages of errors, which may hold texts, go to the log.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No line for every request.")] = False,
) -> None:
    """Serve a page to paste conversations into, and the HTTP interface behind it (docs/server.md).

    Set ERCKIT_API_KEY to ask for a key: KEY, or NAMESPACE:KEY,NAMESPACE:KEY where each has speakers of its own.
    """
    choose("--precision", precision, PRECISIONS)
    from erckit.server.guards.api_keys import parse_api_keys
    from erckit.server.guards.limits import Limits
    from erckit.server.settings import ServerSettings

    settings = ServerSettings(
        models=_models(model or []),
        host=host,
        port=port,
        memory=memory,
        keeps_text=keep_text,
        keys=parse_api_keys(os.environ.get(KEY_VARIABLE, "")),
        allowed_hosts=frozenset(allow_host or ()),
        log_text=log_text,
        precision=precision,
        limits=Limits(utterances=max_utterances, in_flight=max_requests, timeout_seconds=timeout),
    )
    from erckit.server.serve import serve as run

    with _log_on_stderr(quiet):
        say(f"loading {', '.join(settings.models)} ...", quiet)
        run(settings, _tell)
        say("stopped", quiet)


def _models(given: list[str]) -> dict[str, str]:
    """Id -> bundled model, folder or hub name."""
    from erckit.labelling.find_model import DEFAULT_MODEL

    models: dict[str, str] = {}
    for one in given or [DEFAULT_MODEL]:
        name, equals, source = one.partition("=")
        if not equals:
            source = one
            name = Path(one).resolve().name if one.startswith(".") else Path(one).name
        if name in models:
            raise typer.BadParameter(f"two models have the id '{name}'. Give one as ID={source}.", param_hint="--model")
        models[name] = source
    return models


def _tell(address: str) -> None:
    """The address, on standard output once requests are taken: scripts wait for this line."""
    print(address, flush=True)
    if os.environ.get(KEY_VARIABLE):
        say("a browser will ask for a name and a password: any name, and the API key as password")
    say("stop with Ctrl-C: what is being worked on will be answered")


@contextmanager
def _log_on_stderr(quiet: bool) -> Iterator[None]:
    """One line for every answer, and for what went wrong; afterwards logs go where they went before."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logs = [logging.getLogger(name) for name in ("erckit.server", "uvicorn")]
    before = [(list(log.handlers), log.propagate, log.level) for log in logs]
    for log in logs:
        log.handlers[:] = [handler]
        log.propagate = False
        log.setLevel(logging.INFO if log.name == "erckit.server" and not quiet else logging.WARNING)
    try:
        yield
    finally:
        for log, (handlers, propagates, level) in zip(logs, before, strict=True):
            log.handlers[:], log.propagate = handlers, propagates
            log.setLevel(level)
