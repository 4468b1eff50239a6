import errno
import os
import subprocess
import sys

import pytest

import erckit.cli.label
from erckit.cli.main import main
from erckit.errors import CorpusError

TRANSCRIPT = "Ana: hello\nBen: hi there\n"


@pytest.fixture
def chat(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text(TRANSCRIPT)
    return path


def _fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def load(*_: object) -> None:
        raise error

    monkeypatch.delenv("ERCKIT_DEBUG", raising=False)
    monkeypatch.setattr(erckit.cli.label, "_load", load)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CorpusError("emorynlp: is not here. Get it."), 1, "error: emorynlp: is not here. Get it."),
        (RuntimeError("odd"), 1, "ERCKIT_DEBUG=1"),
        (KeyError("x"), 1, "ERCKIT_DEBUG=1"),
        (MemoryError(), 1, "not enough memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), 1, "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device", "out.csv"), 1, "error: out.csv: no space left"),
        (PermissionError(errno.EACCES, "Permission denied", "out.csv"), 1, "error: out.csv: permission denied"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.b"), 1, "error: a.b: no such file"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", "a"), 1, "error: a: is a folder"),
        (ModuleNotFoundError("No module named 'rich'", name="rich"), 1, "'rich' is missing"),
        (ModuleNotFoundError("No module named 'x'", name="pyarrow.parquet"), 1, "pip install 'erckit[parquet]'"),
        (KeyboardInterrupt(), 130, "error: interrupted. Run the same command again"),
    ],
)
def test_every_error_is_one_line(
    error: BaseException,
    code: int,
    said: str,
    chat,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _fail_with(monkeypatch, error)
    assert main(["label", str(chat), "--quiet"]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1


def test_debug_shows_the_trace(chat, monkeypatch: pytest.MonkeyPatch) -> None:
    _fail_with(monkeypatch, RuntimeError("odd"))
    monkeypatch.setenv("ERCKIT_DEBUG", "1")
    with pytest.raises(RuntimeError, match="odd"):
        main(["label", str(chat)])


def test_messages_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", "\x1b[2Jnice\rname.txt"]) == 1
    printed = capsys.readouterr().err
    assert "\x1b" not in printed
    assert "\r" not in printed


@pytest.mark.usefixtures("fake_labeler")
def test_remarks_cannot_drive_the_terminal(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "chat.csv"
    path.write_text('text,"\x1b[2J\nx"\nhi,1\n')
    assert main(["label", str(path)]) == 0
    remarks = capsys.readouterr().err
    assert "no speaker column" in remarks
    assert "\x1b" not in remarks


@pytest.mark.process
def test_broken_pipe_is_quiet(tmp_path) -> None:
    # The reader of the pipe is gone before the command prints anything.
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "erckit.cli.main", "--help"],
            stdout=write_end,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(write_end)
    assert done.returncode == 141
    assert done.stderr == ""


@pytest.mark.process
def test_full_disk_is_one_line() -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "erckit.cli.main", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: no space left on the disk")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
