"""Transcripts read in processes that can be killed: an expression that does not end holds up its own client alone."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from asyncio.subprocess import PIPE, Process
from typing import Any

from erckit.readers.folder_tree import ReadLimits
from erckit.server.guards.limits import Limits
from erckit.server.guards.refusal import Refusal

FILES = 2_000  # of an archive
ENTRIES = 10  # lines, objects and cells for each utterance that may be read
_STATUS = {"unreadable": 422, "too_large": 413}


class Reading:
    """A few processes that read, begun when they are first needed and kept.

    A client that leaves, or whose time is up, ends the process that reads for it.

    Args:
        limits: ``read_bytes``, ``read_utterances`` and ``answer_bytes`` are looked at.
        processes: How many read at the same time.
    """

    def __init__(self, limits: Limits, processes: int = 2) -> None:
        self._limits, self._places = limits, asyncio.Semaphore(processes)
        self._free: list[Process] = []

    async def read(self, name: str, content: bytes) -> bytes:
        """JSON of the conversations of a file.

        Raises:
            Refusal: 422, it cannot be read; 413, it or its answer is too large.
        """
        async with self._places:
            process = self._free.pop() if self._free else await self._begin()
            try:
                head, body = await self._ask(process, name, content)
            except BaseException as error:
                process.kill()
                await asyncio.shield(process.wait())
                if isinstance(error, (OSError, asyncio.IncompleteReadError, ValueError)):
                    raise Refusal(
                        413, "too_large", "the transcript could not be read in the memory there is for it."
                    ) from None
                raise
            if head["is_large"]:
                process.kill()
                await process.wait()
            else:
                self._free.append(process)
        if (status := head["status"]) != "ok":
            raise Refusal(_STATUS[status], status, body.decode("utf-8", "replace"))
        return body

    async def close(self) -> None:
        """End the processes."""
        while self._free:
            process = self._free.pop()
            process.kill()
            await process.wait()

    async def _begin(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "erckit.server.reading.child", stdin=PIPE, stdout=PIPE
        )
        await _received(process)
        return process

    async def _ask(self, process: Process, name: str, content: bytes) -> tuple[dict[str, Any], bytes]:
        assert process.stdin is not None
        limits = self._limits
        bounds = ReadLimits(limits.read_bytes, limits.read_bytes, FILES, entries=ENTRIES * limits.read_utterances)
        head = {
            "name": name,
            "limits": dataclasses.asdict(bounds),
            "most_utterances": limits.read_utterances,
            "most_bytes": limits.answer_bytes,
            "size": len(content),
        }
        process.stdin.write(json.dumps(head).encode("ascii") + b"\n" + content)
        await process.stdin.drain()
        return await _received(process)


async def _received(process: Process) -> tuple[dict[str, Any], bytes]:
    assert process.stdout is not None
    head: dict[str, Any] = json.loads(await process.stdout.readuntil(b"\n"))
    return head, await process.stdout.readexactly(head["size"])
