"""What an attacker, a greedy tenant, clients that leave and a killed process do to erckit.

Run from the repository root on an idle machine:
    python benchmarks/attack.py [--model everyday] [--kills 50] [--seconds 20] [--out FILE]

Four parts; the first three against server processes of their own:
1. hostile bodies: each is sent while /health is asked every 20 ms; told are the status, the longest answer of /health,
   and how far the server and its reading processes have grown.
2. one greedy tenant among twenty: nineteen ask for one conversation of eight utterances a second each; the twentieth
   asks for 512 utterances with 32 clients at a time. Told is the 95th percentile of the nineteen, without and with it.
3. clients that leave: twelve ask for 512 utterances and hang up at once; how long a thirteenth waits for one line.
4. kills: processes that write a speaker memory, a cache, an export and a model folder are killed at random moments;
   told is how many stores were broken, how many acknowledged rows were lost and what was left behind.
"""

from __future__ import annotations

import argparse
import base64
import concurrent.futures
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil

from erckit.storage.atomic import write_text

LINES = ("I got the job!", "That is wonderful news.", "Leave me alone.", "What is for dinner?", "Well, no.")
JSON = {"Content-Type": "application/json"}


class Server:
    """``erckit serve`` in a process of its own."""

    def __init__(self, model: str, keys: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "erckit", "serve", "--port", "0", "--quiet", "--model", f"model={model}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "ERCKIT_API_KEY": keys},
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip().rstrip("/")
        if not self.address:
            raise SystemExit("the server did not start")

    def memory(self) -> int:
        """Bytes of memory it and the processes that read for it have."""
        whole = psutil.Process(self.process.pid)
        total = 0
        for one in (whole, *whole.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += one.memory_info().rss
        return total

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait(60)


@contextmanager
def serving(model: str, keys: str = "") -> Iterator[Server]:
    """A server for a part."""
    server = Server(model, keys)
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def watched(server: Server) -> Iterator[dict[str, float]]:
    """Asks /health every 20 ms and looks at the memory; ``health_ms`` and ``grown_mb`` are the largest seen."""
    seen, done, before = {"health_ms": 0.0, "grown_mb": 0.0}, threading.Event(), server.memory()

    def watch() -> None:
        with httpx.Client(base_url=server.address, timeout=60) as client:
            while not done.wait(0.02):
                began = time.perf_counter()
                client.get("/health")
                seen["health_ms"] = max(seen["health_ms"], 1000 * (time.perf_counter() - began))
                seen["grown_mb"] = max(seen["grown_mb"], (server.memory() - before) / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def body(utterances: int, text: str = "") -> dict[str, Any]:
    """A request of one conversation."""
    said = [{"speaker": ("Ana", "Ben")[n % 2], "text": text or LINES[n % len(LINES)]} for n in range(utterances)]
    return {"conversations": [{"utterances": said}]}


def transcript(name: str, content: str | bytes) -> tuple[str, bytes]:
    """A file that ``/v1/read`` is asked to read."""
    told = {"base64": base64.b64encode(content).decode()} if isinstance(content, bytes) else {"text": content}
    return "/v1/read", json.dumps({"name": name, **told}).encode()


def hostile_bodies(size: int) -> dict[str, tuple[str, bytes]]:
    """Name -> path and body; texts of about ``size`` characters."""

    def compact(value: Any) -> bytes:
        return json.dumps(value, separators=(",", ":")).encode()

    def whatsapp(message: str) -> str:
        return f"01/02/2024, 10:00 - Ana: {message}\n01/02/2024, 10:01 - Ben: ok\n"

    def cue(text: str, name: str = "1") -> str:
        return f"WEBVTT\n\n{name}\n00:00:01.000 --> 00:00:02.000\n{text}\n"

    bodies = {
        "angle brackets": transcript("chat.txt", whatsapp("<" + "a " * (size // 2) + "<")),
        "angle brackets, closed": transcript("chat.txt", whatsapp("<" + "a" * size + " " * size + "a>")),
        "blanks before >": transcript("chat.txt", whatsapp("a" + " " * size + "x>")),
        "voices without end": transcript("meeting.vtt", cue("<v " * (size // 3))),
        "voice classes without end": transcript("meeting.vtt", cue("<v." * (size // 3))),
        "a long number": transcript("meeting.vtt", cue("hello", "1" * size)),
        "brackets": transcript("chat.txt", "[" * size),
        "colons": transcript("chat.txt", ":" * size),
        "deep JSON": transcript("chat.json", "[" * size),
        "numbers": ("/v1/label", compact({"conversations": [1] * 900_000})),
        "empty conversations": ("/v1/label", compact({"conversations": [{}] * 600_000})),
        "empty utterances": ("/v1/label", compact({"conversations": [{"utterances": [{}] * 600_000}]})),
        "wrong throughout": ("/v1/label", compact({"conversations": [{"utterances": [{}] * 8}] * 64})),
        "unknown keys": ("/v1/label", compact({f"k{n}": 1 for n in range(150_000)})),
        "half an emoji": ("/v1/label", b'{"conversations":[{"utterances":[{"speaker":"A\\udcf0","text":"\\ud83d"}]}]}'),
    }
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(12):
            archive.writestr(f"WhatsApp Chat {n}.txt", whatsapp("hello") * max(10, size // 27))
    bodies["a zip that is large unpacked"] = transcript("chats.zip", zipped.getvalue())
    with suppress(ImportError):
        import pyarrow as pa
        import pyarrow.parquet as pq

        for name, texts in (("one text", ["x" * 100_000] * max(1, size // 400)), ("rows", ["hello"] * size)):
            written = io.BytesIO()
            pq.write_table(pa.table({"speaker": ["A"] * len(texts), "text": texts}), written)
            bodies[f"Parquet, {name}"] = transcript("chat.parquet", written.getvalue())
    return bodies


def attack_with_bodies(model: str, size: int) -> dict[str, Any]:
    """Part 1."""
    results = {}
    with serving(model) as server, httpx.Client(base_url=server.address, timeout=120) as client:
        client.post("/v1/read", json={"name": "a.txt", "text": "Ana: hi"})
        client.post("/v1/label", json=body(64))
        for name, (path, content) in hostile_bodies(size).items():
            with watched(server) as seen:
                began = time.perf_counter()
                answer = client.post(path, content=content, headers=JSON)
                seconds = time.perf_counter() - began
            results[name] = {"status": answer.status_code, "seconds": round(seconds, 2)} | {
                key: round(value, 1) for key, value in seen.items()
            }
            print(f"{name:30} {results[name]}", flush=True)
    return results


def ask_again_and_again(
    address: str, key: str, content: dict[str, Any], until: float, pause: float, seconds: list[float]
) -> None:
    """Ask until a time; seconds of every answer that was given."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=address, timeout=120, headers=headers) as client:
        while time.monotonic() < until:
            began = time.perf_counter()
            answer = client.post("/v1/label", json=content)
            if answer.status_code == 200:
                seconds.append(time.perf_counter() - began)
            time.sleep(max(0.0, pause - (time.perf_counter() - began)))


def greedy_tenant(model: str, seconds: float, tenants: int = 20, clients: int = 32) -> dict[str, Any]:
    """Part 2."""
    secrets = [f"secret-of-tenant-{n:02d}" for n in range(tenants)]
    keys = ",".join(f"t{n}:{secret}" for n, secret in enumerate(secrets))
    percentiles = []
    for with_greed in (False, True):
        with serving(model, keys) as server, concurrent.futures.ThreadPoolExecutor(tenants + clients) as pool:
            until = time.monotonic() + seconds
            modest: list[float] = []
            greedy: list[float] = []
            for n in range(1, tenants):
                pool.submit(ask_again_and_again, server.address, secrets[n], body(8), until, 1.0, modest)
                time.sleep(1.0 / tenants)
            for _ in range(clients if with_greed else 0):
                pool.submit(ask_again_and_again, server.address, secrets[0], body(512), until, 0.0, greedy)
        percentiles.append(1000 * float(np.percentile(modest, 95)))
    print(f"p95 of the modest: {percentiles[0]:.0f} ms alone, {percentiles[1]:.0f} ms beside a greedy one", flush=True)
    return {"p95_ms": [round(p, 1) for p in percentiles], "answers": len(modest), "greedy_answers": len(greedy)}


def clients_that_leave(model: str, clients: int = 12) -> dict[str, Any]:
    """Part 3."""
    content = json.dumps(body(512)).encode()
    with serving(model) as server:
        httpx.post(f"{server.address}/v1/label", json=body(8), timeout=60)
        began = time.perf_counter()
        httpx.post(f"{server.address}/v1/label", json=body(512), timeout=60)
        one = time.perf_counter() - began
        host, port = server.address.removeprefix("http://").split(":")
        for _ in range(clients):
            with socket.create_connection((host, int(port))) as line:
                line.sendall(
                    f"POST /v1/label HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {len(content)}\r\n\r\n".encode()
                    + content
                )
                time.sleep(0.02)
        began = time.perf_counter()
        while (answer := httpx.post(f"{server.address}/v1/label", json=body(1), timeout=60)).status_code != 200:
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        waited = time.perf_counter() - began
    print(f"512 utterances take {one:.2f} s; after {clients} clients that left, one line {waited:.2f} s", flush=True)
    return {"one_request_seconds": round(one, 2), "waited_seconds": round(waited, 2)}


# What a process that will be killed writes, again and again; it says every number that is safe.
WRITERS = {
    "memory": """
from erckit.memory.remembered import Remembered
from erckit.memory.store.open_store import open_store
store = open_store(folder)
def write(n):
    store.append([Remembered("Ana", "c", str(n), float(n), f"text {n}", model="m", scores={"joy": 1.0})])
""",
    "cache": """
import numpy as np
from erckit.encoding.vectors.vector_cache import VectorCache, text_keys
def write(n):
    cache = VectorCache(folder, 8)
    cache.add(text_keys([f"text {n}"]), np.full((1, 8), n, np.float32))
""",
    "export": """
from erckit.conversation import Conversation, LabelledConversation, Prediction, Utterance
from erckit.writers import write_csv
def write(n):
    said = tuple(Utterance(str(i), "Ana", f"text {n}") for i in range(2000))
    told = tuple(Prediction(u.id, "joy", {"joy": 1.0}, True) for u in said)
    write_csv([LabelledConversation(Conversation(f"c{n}", said), told)], folder / "out.csv")
""",
    "model": """
import numpy as np
from safetensors.numpy import save_file
from erckit.labels import LabelSet
from erckit.model_folder.folder import Calibration, StoredFolder, write_folder
def write(n):
    stored = StoredFolder({"n": n}, LabelSet(("joy", "neutral")), Calibration(1.0))
    arrays = {"w": np.full(200_000, n, np.float32)}
    write_folder(folder / "model", stored, "w.safetensors", lambda file: save_file(arrays, file))
""",
}
_LOOP = """
import sys
from pathlib import Path
folder = Path(sys.argv[1])
{writer}
n = int(sys.argv[2])
while True:
    write(n)
    print(n, flush=True)
    n += 1
"""


def check_memory(folder: Path, last: int) -> str:
    """What is wrong with a speaker memory after a kill; empty for nothing."""
    from erckit.memory.store.open_store import open_store

    (rows,) = open_store(folder).last(["Ana"], 1_000_000)
    lost = set(range(last + 1)) - {int(row.utterance) for row in rows}
    return f"{len(lost)} rows lost" if lost else ""


def check_cache(folder: Path, last: int) -> str:
    """As above, of a cache: what is there is right."""
    from erckit.encoding.vectors.vector_cache import VectorCache, text_keys

    vectors = np.zeros((last + 1, 8), np.float32)
    is_cached = VectorCache(folder, 8).read(text_keys([f"text {n}" for n in range(last + 1)]), vectors)
    wrong = [n for n in np.flatnonzero(is_cached) if not (vectors[n] == n).all()]
    return f"{len(wrong)} vectors wrong" if wrong else "" if is_cached.all() else f"{(~is_cached).sum()} vectors lost"


def check_export(folder: Path, last: int) -> str:
    """As above, of a table: it is whole."""
    from erckit.readers import read_conversations

    (conversation,) = read_conversations(folder / "out.csv").conversations
    number = int(conversation.utterances[0].text.split()[1])
    return "" if len(conversation) == 2000 and number >= last else f"{len(conversation)} of 2000 rows of {number}"


def check_model(folder: Path, last: int) -> str:
    """As above, of a model folder: it is one version, the last that was told or a later one."""
    from safetensors.numpy import load_file

    from erckit.model_folder.folder import read_folder
    from erckit.storage.atomic import recover_folder

    recover_folder(folder / "model")
    config = read_folder(folder / "model", "w.safetensors").config
    weights = load_file(folder / "model" / "w.safetensors")["w"]
    is_right = config["n"] >= last and (weights == config["n"]).all()
    return "" if is_right else f"version {config['n']} with weights of {weights[0]}"


CHECKS: dict[str, Callable[[Path, int], str]] = {
    "memory": check_memory,
    "cache": check_cache,
    "export": check_export,
    "model": check_model,
}


def kills(kind: str, times: int, seed: int = 1) -> dict[str, Any]:
    """Part 4, one kind of write: begin, kill, look, go on in the same folder."""
    rng, wrong, number = random.Random(seed), [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "store"
        if kind in ("export", "model"):
            folder.mkdir()
        for _ in range(times):
            writer = subprocess.Popen(
                [sys.executable, "-c", _LOOP.format(writer=WRITERS[kind]), str(folder), str(number)],
                stdout=subprocess.PIPE,
                text=True,
            )
            assert writer.stdout is not None
            last = int(writer.stdout.readline())
            time.sleep(rng.uniform(0, 0.3))
            writer.send_signal(signal.SIGKILL)
            for line in writer.stdout:
                last = int(line)
            writer.wait()
            try:
                fault = CHECKS[kind](folder, last)
            except Exception as error:
                fault = f"{type(error).__name__}: {error}"
            if fault:
                wrong.append(fault)
            number = last + 1
        # One more write, as the next start does it; then nothing that is half written may be left.
        writer = subprocess.Popen(
            [sys.executable, "-c", _LOOP.format(writer=WRITERS[kind]), str(folder), str(number)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for _ in range(2):
            writer.stdout.readline()
        writer.send_signal(signal.SIGSTOP)
        left = [path.name for path in folder.rglob("*") if ".tmp" in path.name]
        writer.kill()
        writer.wait()
    result = {"kills": times, "wrong": wrong[:5], "number_wrong": len(wrong), "left": len(left)}
    print(f"{kind:8} {result}", flush=True)
    return result


def main(arguments: list[str] | None = None) -> int:
    """Run the parts and write their figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="everyday")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each half of part 2")
    parser.add_argument("--size", type=int, default=400_000, help="characters of a hostile transcript")
    parser.add_argument("--clients", type=int, default=32, help="of the greedy tenant")
    parser.add_argument("--tenants", type=int, default=20)
    parser.add_argument("--parts", default="1234")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    result: dict[str, Any] = {"model": Path(given.model).name, "processors": os.cpu_count()}
    if "1" in given.parts:
        result["bodies"] = attack_with_bodies(given.model, given.size)
    if "2" in given.parts:
        result["greedy"] = greedy_tenant(given.model, given.seconds, given.tenants, given.clients)
    if "3" in given.parts:
        result["left"] = clients_that_leave(given.model)
    if "4" in given.parts:
        result["kills"] = {kind: kills(kind, given.kills) for kind in WRITERS}
    if given.out is not None:
        write_text(given.out, json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
