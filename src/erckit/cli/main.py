"""Entry point of the ``erckit`` command: runs one command and turns whatever goes wrong into one line."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Any

from erckit.cli.say import one_line
from erckit.errors import ErckitError, nearest

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141  # what a shell shows for a program ended by SIGPIPE

# Package -> extra of erckit that brings it.
_EXTRAS = {
    "accelerate": "train",
    "faiss": "metric",
    "fastapi": "server",
    "matplotlib": "report",
    "prometheus_client": "server",
    "psutil": "train",
    "pyarrow": "parquet",
    "pytorch_metric_learning": "metric",
    "tensorboard": "train",
    "uvicorn": "server",
    "websockets": "server",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        0 done, 1 an error told in one line, 2 a wrong option or command, 130 interrupted, 141 reader went away.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _calm_libraries()
    if os.environ.get("ERCKIT_DEBUG"):
        return _run(arguments)
    try:
        code = _run(arguments)
        if sys.stdout is not None:  # closed by the caller
            sys.stdout.flush()
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    except (BrokenPipeError, SystemExit):
        # Typer leaves through SystemExit for one reason only here: the reader of our output is gone.
        _discard_stdout()
        return EXIT_BROKEN_PIPE
    except Exception as error:
        code = EXIT_USAGE if _is_usage_error(error) else EXIT_ERROR
        _complain(_explain(error))
        _drop_unwritable()
    if code == EXIT_INTERRUPTED:
        _complain("interrupted. Run the same command again: finished downloads and training steps are kept.")
    return code


def _run(arguments: list[str]) -> int:
    import typer

    from erckit.cli.root import app

    code = typer.main.get_command(app)(arguments, prog_name="erckit", standalone_mode=False)
    return code if isinstance(code, int) else 0


def _calm_libraries() -> None:
    """Settings of other libraries that would otherwise talk over erckit's own output; the user's own ones win."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character of somebody's message must not stop the work.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _is_usage_error(error: Exception) -> bool:
    """Whether Typer raised it for a wrong command line (its exception classes are not all public)."""
    return hasattr(error, "format_message") and getattr(error, "exit_code", None) == EXIT_USAGE


def _explain(error: Exception) -> str:
    """One line for the user: what is wrong and what to do next."""
    if isinstance(error, ErckitError):
        return str(error)
    if hasattr(error, "format_message"):
        return _explain_usage(error)
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return (
            "not enough memory. Close other programs, give smaller files, or set a lower token budget per batch "
            "(train: --set training.batch_tokens=...)."
        )
    if isinstance(error, OSError):
        return _explain_system(error)
    if isinstance(error, ModuleNotFoundError):
        extra = _EXTRAS.get((error.name or "").partition(".")[0])
        wanted = f"'erckit[{extra}]'" if extra else "erckit"
        return f"the Python package '{error.name}' is missing. Install it with: pip install {wanted}."
    return (
        f"unexpected {type(error).__name__}: {error}. This is a defect of erckit; please report it with what "
        "ERCKIT_DEBUG=1 before the same command prints."
    )


def _explain_usage(error: Any) -> str:
    message = str(error.format_message())
    context = getattr(error, "ctx", None)
    name = getattr(error, "option_name", None)
    if name is not None and context is not None and message.startswith("No such option"):
        known = [option for parameter in context.command.get_params(context) for option in parameter.opts]
        message = f"no option '{name}'. {nearest(name, [option for option in known if option.startswith('--')])}"
    if context is not None:
        if message[-1:] not in ".!?":
            message += "."
        message = f"{message} See '{context.command_path} --help'."
    return message


def _explain_system(error: OSError) -> str:
    where = f"{error.filename}: " if error.filename is not None else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{where}no space left on the disk. Free some and run the same command again; nothing is half written."
    if isinstance(error, PermissionError):
        return f"{where}permission denied. Choose another place or ask for access."
    if isinstance(error, FileNotFoundError):
        return f"{where}no such file or folder. Check the name."
    if isinstance(error, IsADirectoryError):
        return f"{where}is a folder. Give a file."
    return f"{where}{error.strerror or error}. Check the path and the disk, then run the same command again."


def _complain(message: str) -> None:
    try:
        print(f"error: {one_line(message)}", file=sys.stderr)
    except OSError:
        _discard_stdout()


def _drop_unwritable() -> None:
    """Discard output that cannot be written (a full disk), or the interpreter's last flush would fail on it again."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        _discard_stdout()


def _discard_stdout() -> None:
    """Let the interpreter's last flush go nowhere: whoever read our output has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
