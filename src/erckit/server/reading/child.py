"""The process that reads transcripts: a request on standard input, its answer on standard output, again and again.

A message is a line of JSON, then as many bytes as its ``size`` says. Run as ``python -m erckit.server.reading.child``.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any, BinaryIO

from erckit.errors import FormatError
from erckit.readers.folder_tree import ReadLimits
from erckit.readers.read_text import read_bytes

MEMORY = 2**30  # bytes of address space beyond what the process has when it begins to read
LARGE = 300 * 2**20  # bytes of memory from which on the process says that it should be ended


def write_message(stream: BinaryIO, head: dict[str, Any], content: bytes = b"") -> None:
    """Send a head and its content."""
    stream.write(json.dumps({**head, "size": len(content)}).encode("ascii") + b"\n" + content)
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next head and its content; None at the end."""
    line = stream.readline()
    if not line:
        return None
    head: dict[str, Any] = json.loads(line)
    content = stream.read(head["size"])
    return (head, content) if len(content) == head["size"] else None


def answer(name: str, content: bytes, limits: ReadLimits, most_utterances: int, most_bytes: int) -> tuple[str, bytes]:
    """What a transcript holds: ``ok`` and JSON, or ``unreadable`` or ``too_large`` and a message.

    Args:
        name: The file's name.
        content: The file.
        limits: How much may be unpacked.
        most_utterances: Utterances of the answer.
        most_bytes: Bytes of the answer.
    """
    try:
        report = read_bytes(name, content, limits=limits)
    except FormatError as error:
        return "unreadable", str(error).encode("utf-8", "replace")
    except MemoryError:
        return "too_large", b"the transcript needs more memory than there is for it. Send it in smaller parts."
    utterances = sum(map(len, report.conversations))
    if utterances > most_utterances:
        told = f"the transcript has {utterances:,} utterances; {most_utterances:,} are allowed. Send it in parts."
        return "too_large", told.encode()
    body = {
        "format": report.format,
        "conversations": [
            {
                "id": conversation.id,
                "utterances": [
                    {"id": said.id, "speaker": said.speaker, "text": said.text, "time": said.start}
                    for said in conversation.utterances
                ],
            }
            for conversation in report.conversations
        ],
        "skipped": [{"where": f"{name}:{one.line}", "reason": one.reason} for one in report.skipped],
        "notes": list(report.notes),
    }
    written = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
    if len(written) > most_bytes:
        told = f"the transcript's conversations have {len(written):,} bytes; {most_bytes:,} are allowed."
        return "too_large", f"{told} Send it in parts.".encode()
    return "ok", written


def main() -> None:
    """Answer until standard input ends."""
    received, sent = sys.stdin.buffer, sys.stdout.buffer
    _bound_memory()
    write_message(sent, {"status": "ready"})
    while (message := read_message(received)) is not None:
        head, content = message
        status, body = answer(
            head["name"], content, ReadLimits(**head["limits"]), head["most_utterances"], head["most_bytes"]
        )
        write_message(sent, {"status": status, "is_large": _size() > LARGE}, body)


def _bound_memory() -> None:
    """Let an allocation fail, rather than the machine, where the system knows such a bound."""
    try:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_size(0) + MEMORY, hard))
        os.nice(5)  # labelling goes first
    except (ImportError, OSError, ValueError):
        pass


def _size(which: int = 1) -> int:
    """Bytes of memory of this process, or of its address space (0); 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as sizes:
            return int(sizes.read().split()[which]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


if __name__ == "__main__":
    main()
