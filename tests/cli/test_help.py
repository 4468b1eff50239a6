from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from erckit.cli.command_group import COMMANDS
from erckit.cli.main import main

SUBCOMMANDS = [
    *([name] for name in COMMANDS),
    *(["corpora", name] for name in ("list", "get", "stats", "check", "mappings")),
    *(["backbones", name] for name in ("list", "get")),
]
HEAVY = [
    "accelerate", "faiss", "fastapi", "huggingface_hub", "lancedb", "matplotlib", "numpy", "pandas", "peft", "pyarrow",
    "pytorch_metric_learning", "rich", "safetensors", "scipy", "sklearn", "tensorboard", "tokenizers", "torch",
    "transformers", "uvicorn", "yaml",
]  # fmt: skip
# One interpreter imports every command and prints its help; a heavy package that is asked for is told.
ALL_HELP = f"""
import contextlib, io, json, sys

asked = []

class Heavy:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {HEAVY!r}:
            asked.append(name)
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Heavy())
from erckit.cli.main import main

answers = []
for command in [[], *json.loads(sys.argv[1])]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*command, "--help"])
    answers.append([code, out.getvalue(), err.getvalue(), asked[:]])
    asked.clear()
print(json.dumps(answers))
"""


def test_help_of_every_command_is_complete_and_light() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALL_HELP, json.dumps(SUBCOMMANDS)], capture_output=True, text=True, check=True
    )
    answers = dict(zip(map(" ".join, [[], *SUBCOMMANDS]), json.loads(done.stdout), strict=True))
    for command, (code, out, err, heavy) in answers.items():
        assert (code, err, heavy) == (0, "", []), command
        assert f"Usage: erckit {command}".rstrip() in out, command


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "wait4"), reason="this platform does not tell what a process used")
def test_help_is_quick() -> None:
    # The promise is half a second. Processor seconds are nearly the same on a busy machine; twice the promise allows
    # for a slow one.
    seconds = []
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-m", "erckit", "--help"], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        seconds.append(used.ru_utime + used.ru_stime)
    print(f"erckit --help: {min(seconds):.2f} processor seconds")
    assert min(seconds) < 1


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
