"""Claim: whatever bytes a reader gets, it answers with conversations or with FormatError, in bounded time.

Throws damaged exports at the readers: with atheris (guided by coverage) where it is installed, else with mutations
of the fixtures. Anything but FormatError, an answer that cannot be written as UTF-8 JSON, or one that takes longer
than two seconds per megabyte plus two, is a finding and is kept beside the result.

    nice -n 15 python benchmarks/fuzz_readers.py --seconds 150
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import io
import json
import multiprocessing
import platform
import random
import sys
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "tests" / "readers" / "fixtures"
PIECES = (
    b"-->", b"\xe2\x80\x8e", b"\xe2\x80\xaf", b": ", b" - ", b"[", b"]", b"<v ", b"</v>", b"9999", b"\n\n", b"\r",
    b"\0", b"\xff\xfe", b"PK\x03\x04", b"WEBVTT", b'"messages"', b'"mapping"', b'{"', b"null", b"1e999", b"NaN",
    b"\\ud800", b"31/12/2023, 23:59 - ", b"[31.12.23, 23:59:59] A: ", b"00:00:01.000 --> 00:00:02.000\n",
    b"<Media omitted>",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=150.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--engine", choices=("auto", "atheris", "mutations"), default="auto")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "fuzz_readers.json")
    arguments = parser.parse_args(argv)
    engine = arguments.engine
    if engine == "auto":
        engine = "atheris" if importlib.util.find_spec("atheris") else "mutations"
    # libFuzzer ends its process without returning, so it runs in one of its own and reports through a queue.
    queue: Any = multiprocessing.get_context("spawn").SimpleQueue()
    target = run_atheris if engine == "atheris" else run_mutations
    process = multiprocessing.get_context("spawn").Process(
        target=target, args=(arguments.seconds, arguments.seed, queue)
    )
    process.start()
    counts: dict[str, Any] = {"executions": 0}
    findings: dict[str, str] = {}
    while process.is_alive() or not queue.empty():
        if queue.empty():
            time.sleep(0.1)
            continue
        kind, value = queue.get()
        if kind == "counts":
            counts = value
        else:
            findings.setdefault(value[0], value[1])
            print(f"finding: {value[0]}", file=sys.stderr)
    result = {
        "claim": "only FormatError escapes a reader",
        "engine": engine,
        "seconds": arguments.seconds,
        "seed": arguments.seed,
        "python": platform.python_version(),
        **counts,
        "findings": [{"what": what, "bytes_hex": data} for what, data in findings.items()],
    }
    from erckit.storage.atomic import write_text

    write_text(arguments.out, json.dumps(result, indent=1) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "findings"}), len(findings), "findings")
    return 1 if findings or process.exitcode else 0


def run_mutations(seconds: float, seed: int, queue: Any) -> None:
    rng = random.Random(seed)
    check = _Check(queue)
    seeds = _seeds()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        name, data = rng.choice(seeds)
        check(name if rng.random() < 0.7 else "pasted", _mutated(data, rng))
    check.report()


def run_atheris(seconds: float, seed: int, queue: Any) -> None:
    import tempfile

    import atheris

    with atheris.instrument_imports(include=["erckit.readers"]):
        from erckit.readers import READERS

        for place in READERS.values():
            importlib.import_module(place.partition(":")[0])
    check = _Check(queue)
    names = [name for name, _ in _seeds()]
    formats = [None, *READERS]
    rng = random.Random(seed)
    end = time.monotonic() + seconds

    def one(data: bytes) -> None:
        if time.monotonic() > end or check.executions % 2000 == 0:
            check.report()
        if len(data) >= 2:
            # Mostly the name and format are left for the reader to find out, as they are for a user.
            name = names[data[0] % len(names)] if data[0] < 128 else "pasted"
            check(name, data[2:], formats[data[1] % len(formats)] if data[1] < 64 else None)

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng.seed(seed)
        if rng.random() < 0.5:
            return atheris.Mutate(data, max_size)
        return (data[:2] + _mutated(data[2:], rng))[:max_size]

    with tempfile.TemporaryDirectory() as folder:
        for number, (_, data) in enumerate(_seeds()):
            Path(folder, str(number)).write_bytes(bytes([number % 128, 200]) + data)
        options = [f"-max_total_time={int(seconds)}", f"-seed={seed + 1}", "-max_len=20000", "-timeout=30"]
        atheris.Setup(
            [sys.argv[0], *options, "-print_final_stats=1", folder], one, custom_mutator=mutate, internal_libfuzzer=True
        )
        atheris.Fuzz()


class _Check:
    """Reads content and reports what must not happen."""

    def __init__(self, queue: Any) -> None:
        from erckit.errors import FormatError
        from erckit.readers import read_bytes
        from erckit.readers.folder_tree import ReadLimits

        self._queue, self._error, self._read = queue, FormatError, read_bytes
        self._limits = ReadLimits(file_bytes=2**22, total_bytes=2**22, files=1000)
        self.executions = self._refused = 0
        self._formats: dict[str, int] = {}
        self._slowest = 0.0

    def __call__(self, name: str, content: bytes, format: str | None = None) -> None:
        self.executions += 1
        begin = time.process_time()
        try:
            report = self._read(name, content, format=format, gap_hours=5, limits=self._limits)
            self._formats[report.format] = self._formats.get(report.format, 0) + 1
            "".join(
                [*report.notes, *report.left_out, *(f"{s.conversation_id}{s.reason}" for s in report.skipped)]
            ).encode()
            for conversation in report.conversations:
                rows = [[u.id, u.speaker, u.text, u.start, u.end, dict(u.extra)] for u in conversation.utterances]
                json.dumps([conversation.id, conversation.meta, rows], allow_nan=False, ensure_ascii=False).encode()
        except self._error as error:
            self._refused += 1
            if not _is_utf8(str(error)):
                self._found(f"message that is no UTF-8 ({name}, {format})", content)
        except Exception as error:
            trace = error.__traceback__
            while trace is not None and trace.tb_next is not None:
                trace = trace.tb_next
            where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "?"
            self._found(f"{type(error).__name__} at {where}: {str(error)[:80]} ({name}, {format})", content)
        took = time.process_time() - begin
        self._slowest = max(self._slowest, took)
        if took > 2 + 2 * len(content) / 2**20:
            self._found(f"took {took:.1f} s for {len(content)} bytes ({name}, {format})", content)

    def report(self) -> None:
        """Send the counts so far."""
        counts = {
            "executions": self.executions,
            "refused": self._refused,
            "read": dict(sorted(self._formats.items())),
            "slowest_seconds": round(self._slowest, 3),
        }
        self._queue.put(("counts", counts))

    def _found(self, what: str, content: bytes) -> None:
        self._queue.put(("finding", (what, content[:4000].hex())))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _seeds() -> list[tuple[str, bytes]]:
    """The fixtures, and archives of those that are folders."""
    seeds = [(path.name, path.read_bytes()) for path in sorted(FIXTURES.iterdir()) if path.is_file()]
    for folder in ("slack", "convokit"):
        seeds.append((f"{folder}.zip", _packed(sorted((FIXTURES / folder).rglob("*.json*")), FIXTURES / folder)))
    seeds.append(("chat.zip", _packed([FIXTURES / "whatsapp_ios_de.txt"], FIXTURES)))
    seeds.append(("a.csv", b'speaker,text,start\nAnn,"hi, you",1\nBob,yo,2\n'))
    seeds.append(("a.jsonl", b'{"id": "c", "utterances": [{"speaker": "Ann", "text": "hi"}]}\n'))
    seeds.append(("a.txt", b"Ann: hi\nBob: yo\n\nAnn: bye\n"))
    return seeds


def _packed(paths: list[Path], root: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.writestr(zipfile.ZipInfo(path.relative_to(root).as_posix()), path.read_bytes())
    return out.getvalue()


def _mutated(data: bytes, rng: random.Random) -> bytes:
    if data[:1] in (b"{", b"[") and rng.random() < 0.7:
        try:
            return json.dumps(_damaged(json.loads(data), rng)).encode()[:20_000]
        except (ValueError, RecursionError):
            pass
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 8))):
        at = rng.randrange(len(content) + 1)
        length = rng.choice((1, 2, 5, 20, 200))
        action = rng.randrange(6)
        if action == 0:
            content[at : at + 1] = bytes([rng.randrange(256)])
        elif action == 1:
            del content[at : at + length]
        elif action == 2:
            content[at:at] = rng.choice(PIECES)
        elif action == 3:
            content[at:at] = content[at : at + length] * rng.choice((1, 2, 50))
        elif action == 4:
            other = rng.randrange(len(content) + 1)
            content[at : at + length] = content[other : other + length]
        else:
            del content[at:]
    return bytes(content[:20_000])


def _damaged(value: Any, rng: random.Random) -> Any:
    """A JSON value with another value, or one of its own, somewhere in it."""
    strange: tuple[Any, ...] = (
        None,
        True,
        -1,
        1e308,
        10**40,
        "",
        "\ud800",
        "<v x>",
        [],
        {},
        [[]],
        ["a", {"text": "b"}],
        {"id": "x"},
    )
    if not isinstance(value, (dict, list)) or not value or rng.random() < 0.15:
        return rng.choice(strange)
    key = rng.choice(list(value) if isinstance(value, dict) else range(len(value)))
    if rng.random() < 0.1:
        del value[key]
    elif rng.random() < 0.1 and isinstance(value, list):
        value.append(value[key])
    else:
        value[key] = _damaged(value[key], rng)
    return value


if __name__ == "__main__":
    sys.exit(main())
