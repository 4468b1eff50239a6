import subprocess
import sys
import time

import pytest

from erckit.cli.command_group import COMMANDS
from erckit.cli.main import main

SUBCOMMANDS = [
    (),
    *((name,) for name in COMMANDS),
    ("corpora", "list"),
    ("corpora", "get"),
    ("corpora", "stats"),
    ("corpora", "check"),
    ("backbones", "list"),
    ("backbones", "get"),
]


@pytest.mark.parametrize("command", SUBCOMMANDS, ids=" ".join)
def test_help_is_quick_and_complete(command: tuple[str, ...]) -> None:
    # The promise is half a second on an idle machine; the test leaves room for a busy one and takes the best of three.
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "erckit.cli.main", *command, "--help"], capture_output=True, text=True, check=False
        )
        seconds.append(time.perf_counter() - started)
        if seconds[-1] < 0.5:
            break
    print(f"erckit {' '.join(command)} --help: {min(seconds):.2f} s")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "Usage: erckit" in done.stdout
    assert min(seconds) < 1.5


def test_top_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    for name, (_, line) in COMMANDS.items():
        assert name in printed
        assert line in printed


def test_no_argument_prints_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    import erckit

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"erckit {erckit.__version__}\n"
