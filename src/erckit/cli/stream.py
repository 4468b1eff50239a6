"""``erckit stream``: utterances in on standard input, an answer to each on standard output at once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from erckit.cli import options
from erckit.cli.choose import choose
from erckit.cli.command_group import command_app
from erckit.cli.say import say
from erckit.encoding.precision import PRECISIONS

if TYPE_CHECKING:
    from erckit.conversation import Prediction
    from erckit.labelling import Labeler
    from erckit.labelling.stream.stream_pool import StreamPool
    from erckit.labelling.stream.stream_state import StreamedUtterance

app = command_app()

MAX_LINE = 4_000_000  # bytes of a line; a longer one is refused, not kept
AT_ONCE = 32  # lines that arrived together and are labelled together
_DIGITS = 6


class LineError(ValueError):
    """A line that is no utterance."""


@app.command("stream")
def stream(
    model: options.ModelOrEveryday = None,
    memory: options.Memory = None,
    namespace: options.Namespace = "default",
    min_confidence: options.MinConfidence = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Read the memory, add nothing to it.")] = False,
    max_conversations: Annotated[
        int, typer.Option("--max-conversations", metavar="N", min=1, help="Conversations kept at a time.")
    ] = 256,
    idle_seconds: Annotated[
        float, typer.Option("--idle-seconds", metavar="S", help="Silence after which a conversation is dropped.")
    ] = 1800.0,
    precision: options.Precision = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Answers and errors only.")] = False,
) -> None:
    """Label utterances as they come: one JSON object per line in, one per line out, at once and in order.

    In: {"conversation": "call-7", "speaker": "Ana", "text": "...", "id": "...", "time": 1767225600}; id and time may
    be left out. Out: {"conversation", "id", "label", "confidence", "scores"}. A line that cannot be read is answered
    with {"error": {"line", "message"}}, and the next one is read. Ends with its input.
    """
    from erckit.labelling.stream.stream_pool import StreamPool

    choose("--precision", precision, PRECISIONS)
    if not idle_seconds > 0:
        raise typer.BadParameter(f"must be more than 0, got {idle_seconds}.", param_hint="--idle-seconds")
    labeler = _load(model, precision, memory, namespace)
    pool = StreamPool(
        labeler,
        max_conversations=max_conversations,
        idle_seconds=idle_seconds,
        min_confidence=min_confidence,
        writes_memory=not read_only,
    )
    say(f"{labeler.name}: {', '.join(labeler.label_set.labels)}; waiting for lines", quiet)
    labelled = failed = 0
    try:
        for lines in _arrived(sys.stdin.fileno()):
            for is_answer in _answer(pool, lines):
                labelled += is_answer
                failed += not is_answer
    except KeyboardInterrupt:  # the usual way to end it on a terminal
        say("stopped", quiet)
    say(f"labelled {labelled} utterances", quiet)
    if failed:
        say(f"lines that could not be read, answered with an error: {failed}")


def _load(model: str | None, precision: str, memory: Path | None, namespace: str) -> Labeler:
    from erckit.labelling import Labeler
    from erckit.labelling.find_model import DEFAULT_MODEL

    return Labeler.from_pretrained(model or DEFAULT_MODEL, precision, memory=memory, namespace=namespace)


def _arrived(source: int) -> Iterator[list[tuple[int, bytes | None]]]:
    """Lines with their numbers as they arrive, those that came together in one list; None for one too long."""
    number, rest, is_too_long = 1, b"", False
    while True:
        data = os.read(source, 1 << 16)
        *whole, rest = (rest + data).split(b"\n")
        if not data and rest:
            whole, rest = [rest], b""
        lines: list[tuple[int, bytes | None]] = []
        for line in whole:
            lines.append((number, None if is_too_long else line))
            number, is_too_long = number + 1, False
        if len(rest) > MAX_LINE or is_too_long:
            rest, is_too_long = b"", True
        for start in range(0, len(lines), AT_ONCE):
            yield lines[start : start + AT_ONCE]
        if not data:
            if is_too_long:
                yield [(number, None)]
            return


def _answer(pool: StreamPool, lines: list[tuple[int, bytes | None]]) -> Iterator[bool]:
    """Answer lines in order; whether each was an utterance."""
    read: list[tuple[int, StreamedUtterance | str]] = []
    for number, line in lines:
        if line is not None and not line.strip():
            continue
        try:
            read.append((number, _parse(line)))
        except LineError as error:
            read.append((number, str(error)))
    utterances = [one for _, one in read if not isinstance(one, str)]
    predictions = iter(pool.add(utterances))
    for number, one in read:
        if isinstance(one, str):
            _print({"error": {"line": number, "message": one}})
        else:
            _print(_told(one.conversation, next(predictions)))
        yield not isinstance(one, str)


def _parse(line: bytes | None) -> StreamedUtterance:
    from erckit.labelling.stream.stream_state import StreamedUtterance

    if line is None:
        raise LineError(f"longer than {MAX_LINE:,} bytes. Cut the text.")
    try:
        value = json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise LineError("not UTF-8. Write the lines in UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise LineError(f"not JSON ({error}). Write one object per line.") from None
    if not isinstance(value, dict):
        raise LineError('not an object. Write {"conversation": ..., "speaker": ..., "text": ...}.')
    fields: dict[str, Any] = {name: value.get(name) for name in ("conversation", "speaker", "text", "id", "time")}
    for name in ("conversation", "id"):
        if isinstance(fields[name], int) and not isinstance(fields[name], bool):
            fields[name] = str(fields[name])
    for name in ("conversation", "speaker", "text"):
        if not isinstance(fields[name], str):
            raise LineError(f"'{name}' is {_kind(fields[name])}. Give a string.")
    if fields["id"] is not None and not isinstance(fields["id"], str):
        raise LineError(f"'id' is {_kind(fields['id'])}. Give a string, or leave it out.")
    at = fields["time"]
    if at is not None and (isinstance(at, bool) or not isinstance(at, int | float) or not abs(at) < 1e18):
        raise LineError(f"'time' is {_kind(at)}. Give seconds since the epoch, or leave it out.")
    return StreamedUtterance(
        fields["conversation"], fields["speaker"], fields["text"], fields["id"], None if at is None else float(at)
    )


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _kind(value: Any) -> str:
    if value is None:
        return "missing"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _told(conversation: str, prediction: Prediction) -> dict[str, Any]:
    value: dict[str, Any] = {
        "conversation": conversation,
        "id": prediction.utterance_id,
        "label": prediction.label,
        "confidence": round(prediction.confidence, _DIGITS),
        "scores": {label: round(score, _DIGITS) for label, score in prediction.scores.items()},
    }
    return value | ({"reason": prediction.reason} if prediction.reason else {})


def _print(value: dict[str, Any]) -> None:
    """One line of UTF-8, whatever the terminal's encoding; the reader has it when this returns."""
    line = json.dumps(value, ensure_ascii=False)
    sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()
