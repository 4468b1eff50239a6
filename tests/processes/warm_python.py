"""Python processes that begin with torch imported: each is forked off one process that has imported it.

Importing what others made takes seconds, what a test asks of a process often far less. All of erckit is imported anew
in every process, which also has its own environment, folder, streams, signals and exit status.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import IO, Any

# What others made and takes long to import; nothing that starts a thread when it is imported, as lancedb does.
OTHERS = (
    "accelerate", "fastapi", "httpx", "peft", "safetensors.torch", "scipy.optimize", "scipy.stats",
    "sklearn.metrics", "torch", "torch.utils.tensorboard", "transformers.models.auto.modeling_auto",
    "transformers.models.auto.tokenization_auto", "transformers.models.bert.modeling_bert", "uvicorn",
)  # fmt: skip


class WarmPython:
    """Starts processes as ``subprocess`` does, from arguments of ``python``: ``-m module``, ``-c code`` or a file."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if not hasattr(os, "fork"):  # processes begin cold on this platform
            return
        self._line, theirs = socket.socketpair()
        command = [sys.executable, __file__, str(theirs.fileno())]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], **streams)  # type: ignore[call-overload]
        theirs.close()

    def start(
        self,
        *arguments: str,
        stdin: Any = None,
        stdout: Any = None,
        stderr: Any = None,
        text: bool = False,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> WarmProcess | subprocess.Popen[Any]:
        """As ``subprocess.Popen([sys.executable, *arguments], ...)``."""
        if self._process is None:
            command = [sys.executable, *arguments]
            return subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr, text=text, env=env, cwd=cwd)
        given = {"arguments": arguments, "environment": dict(env or os.environ), "folder": str(cwd or Path.cwd())}
        return WarmProcess(self._line, given, (stdin, stdout, stderr), text)

    def run(
        self, *arguments: str, input: str = "", timeout: float = 120, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        """As ``subprocess.run([sys.executable, *arguments], capture_output=True, text=True)``."""
        pipe = subprocess.PIPE
        process = self.start(*arguments, stdin=pipe, stdout=pipe, stderr=pipe, text=True, **options)
        try:
            out, errors = process.communicate(input, timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(list(arguments), process.wait(), out, errors)

    def close(self) -> None:
        """End the process that the others are forked off."""
        if self._process is not None:
            self._line.close()
            self._process.wait()


class WarmProcess:
    """What ``subprocess.Popen`` is for a child, for a process that is forked off another one."""

    def __init__(self, line: socket.socket, given: dict[str, Any], streams: Sequence[Any], text: bool) -> None:
        self.returncode: int | None = None
        self._told, theirs = socket.socketpair()
        self._heard = b""
        pipes = [_opened(stream, number, text) for number, stream in enumerate(streams)]
        self.stdin, self.stdout, self.stderr = (mine for _, mine in pipes)
        handles = [handle for handle, _ in pipes]
        socket.send_fds(line, [b"x"], [*handles, theirs.fileno()])
        for handle in handles:
            os.close(handle)
        theirs.close()
        self._told.sendall(json.dumps(given).encode() + b"\n")
        self.pid = self._number(None)

    def wait(self, timeout: float | None = None) -> int:
        """Exit status, -n where signal n ended it."""
        if self.returncode is None:
            try:
                self.returncode = self._number(timeout)
            except TimeoutError:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from None
            self._told.close()
        return self.returncode

    def poll(self) -> int | None:
        """Exit status, None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0.001)
        return self.returncode

    def communicate(self, input: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Give it the input, and return all that it still writes until it ends."""
        if self.stdin and not self.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                if input:
                    self.stdin.write(input)
                self.stdin.close()
        written: list[Any] = [None, None]

        def read(place: int, stream: IO[Any]) -> None:
            written[place] = stream.read()

        streams = [(place, stream) for place, stream in enumerate((self.stdout, self.stderr)) if stream]
        readers = [Thread(target=read, args=one, daemon=True) for one in streams if not one[1].closed]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join()
        for _, stream in streams:
            stream.close()
        return written[0], written[1]

    def send_signal(self, number: int) -> None:
        """Send it a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _number(self, timeout: float | None) -> int:
        self._told.settimeout(timeout)
        while b"\n" not in self._heard:
            more = self._told.recv(64)
            assert more, "nobody waits for the process any more"
            self._heard += more
        number, _, self._heard = self._heard.partition(b"\n")
        return int(number)


def _opened(stream: Any, number: int, text: bool) -> tuple[int, IO[Any] | None]:
    """What the process gets as its stream of that number, and what is kept of a pipe."""
    if stream is None:
        return os.dup(number), None
    if stream == subprocess.DEVNULL:
        return os.open(os.devnull, os.O_RDWR), None
    if stream != subprocess.PIPE:
        return os.dup(stream if isinstance(stream, int) else stream.fileno()), None
    reading, writing = os.pipe()
    theirs, mine = (reading, writing) if number == 0 else (writing, reading)
    mode = "w" if number == 0 else "r"
    return theirs, open(mine, mode, encoding="utf-8") if text else open(mine, mode + "b")


def _forked(line: socket.socket) -> Callable[[], None]:
    """In each process that is forked off: what it has to run."""
    while True:
        message, handles, *_ = socket.recv_fds(line, 1, 4)
        if not message:
            os._exit(0)
        if os.fork():  # the one that forks goes on; who waits for it is the process that is forked first
            for handle in handles:
                os.close(handle)
            continue
        line.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        told = socket.socket(fileno=handles.pop())
        given = json.loads(told.makefile().readline())
        if child := os.fork():
            for handle in handles:
                os.close(handle)
            told.sendall(b"%d\n" % child)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            with contextlib.suppress(OSError):
                told.sendall(b"%d\n" % status)
            os._exit(0)
        told.close()
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
            os.close(handle)
        return _begin(given)


def _begin(given: dict[str, Any]) -> Callable[[], None]:
    os.environ.clear()
    os.environ.update(given["environment"])
    os.chdir(given["folder"])
    # Tests that run in the background have interrupts switched off.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    encoding = os.environ.get("PYTHONIOENCODING", "utf-8")
    sys.stdin, sys.stdout = open(0, encoding=encoding), open(1, "w", encoding=encoding)
    sys.stderr = open(2, "w", 1, encoding=encoding, errors="backslashreplace")
    kind, *rest = given["arguments"]
    searched = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [os.getcwd() if kind in ("-m", "-c") else str(Path(kind).resolve().parent), *filter(None, searched)]
    sys.argv = [kind, *rest] if kind not in ("-m", "-c") else ["-c", *rest[1:]]
    if kind == "-m":
        return lambda: runpy.run_module(rest[0], run_name="__main__", alter_sys=True) and None
    if kind == "-c":
        module = sys.modules["__main__"] = ModuleType("__main__")
        return lambda: exec(compile(rest[0], "<string>", "exec"), module.__dict__)
    return lambda: runpy.run_path(kind, run_name="__main__") and None


if __name__ == "__main__":
    for name in OTHERS:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # Or every process would look through it all when it ends, and take it apart.
    gc.freeze()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object([dict(vars(module)) for module in sys.modules.values()]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for those that wait
    run = _forked(socket.socket(fileno=int(sys.argv[1])))
    run()
