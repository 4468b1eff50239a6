"""Runs trainings in forked processes, so that torch is imported once; not a test, see ``test_interrupted.py``.

Reads one JSON object from standard input and writes one to standard output.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import accelerate  # noqa: F401  imported before the first fork, as all that follows
import peft  # noqa: F401
import safetensors.torch  # noqa: F401
import scipy.optimize  # noqa: F401
import sklearn.metrics  # noqa: F401
import torch
import transformers  # noqa: F401

import erckit.training.prompt_learner  # noqa: F401
import erckit.training.run as training
from erckit.conversation import Conversation, Utterance
from erckit.corpora.corpus import Corpus
from erckit.labels import LabelSet
from erckit.model_folder.adapter_folder import read_adapter_folder
from erckit.model_folder.network_folder import load_pretrained
from erckit.recipe.load_recipe import recipe_from_dict
from erckit.recipe.recipe import Recipe
from erckit.training.checkpoint import load_checkpoint

with contextlib.suppress(ImportError):
    import torch.utils.tensorboard


def read_corpus(given: dict[str, Any]) -> Corpus:
    splits = {
        name: tuple(
            Conversation(c["id"], tuple(Utterance(*u) for u in c["utterances"]), c["meta"]) for c in conversations
        )
        for name, conversations in given["splits"].items()
    }
    return Corpus("tiny", "1", LabelSet(tuple(given["labels"])), splits)


def forked(task: Callable[[], Any]) -> int:
    """Process id of a child that does the task and exits with 0, or 1 after an error."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.dup2(2, 1)  # what the task prints is no answer
        task()
        status = 0
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def ended(child: int, seconds: float) -> int | None:
    """Exit status, or None if the child still runs after that time."""
    until = time.monotonic() + seconds
    while True:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            return None
        time.sleep(0.002)


def kill(child: int) -> None:
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def writes(folder: Path) -> bool:
    """Whether something is being written right now: a checkpoint, the best weights, the model folder."""
    with contextlib.suppress(OSError):
        return any(".tmp-" in path.name for path in folder.rglob("*"))
    return True  # a folder that went away while it was looked at


def ended_or_writes(child: int, folder: Path, seconds: float) -> int | None:
    """Exit status, or None once the child is in the middle of writing; waits that long for it."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not writes(folder):
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
    return None


def fingerprint(out: Path) -> list[str]:
    """What two equal trainings have in common: the model and, as it may hold an earlier step, the last state."""
    scores = json.loads((out / "model" / "config.json").read_text())["scores"]["dev"]
    last = sorted((out / "checkpoints").iterdir())[-1]
    weights = "model.safetensors" if (out / "model" / "model.safetensors").exists() else "adapter.safetensors"
    files = [out / "model" / name for name in (weights, "calibration.json", "labels.json")]
    return [*(path.read_bytes().hex() for path in (*files, last / "tensors.safetensors")), json.dumps(scores)]


def interrupted(
    recipe: Recipe, corpus: Corpus, out: Path, kills: int, seed: int, while_writing: bool = False
) -> dict[str, Any]:
    """Kill trainings at random moments until there were ``kills``; every one must resume and end like the first.

    With ``while_writing`` every other kill waits for the moment at which a file is being written.
    """
    rng = random.Random(seed)

    def run(folder: Path) -> Callable[[], Any]:
        return lambda: training.train(recipe, corpus, folder, quiet=True, checkpoint_seconds=0)

    began = time.monotonic()
    assert ended(forked(run(out / "reference")), 120) == 0, "the uninterrupted training failed"
    duration = time.monotonic() - began
    wanted = fingerprint(out / "reference")
    done, problems, resumed_at, cut = 0, [], [], 0
    number = 0
    while done < kills or not (out / str(number) / "model").exists():
        folder = out / str(number)
        if (folder / "model").exists():
            number += 1
            continue
        child = forked(run(folder))
        status = ended(child, rng.uniform(0, 0.9 * duration) if done < kills else 120)
        if status is None and while_writing and done % 2:
            status = ended_or_writes(child, folder, 20)
        if status is None:
            kill(child)
            done += 1
            cut += writes(folder)
        elif status:
            problems.append(f"training {number} ended with {status}")
            break
        checkpoint, notes = load_checkpoint(folder / "checkpoints")
        problems += notes
        resumed_at.append(checkpoint.step if checkpoint else 0)
        if (folder / "model").exists():
            (read_adapter_folder if recipe.is_llm else load_pretrained)(folder / "model")
            if fingerprint(folder) != wanted:
                problems.append(f"training {number} ended with other weights")
    leftovers = [str(p.relative_to(out)) for p in out.rglob("*") if ".tmp-" in p.name or ".old-" in p.name]
    return {
        "kills": done, "trainings": number + 1, "problems": problems, "resumed_at": resumed_at,
        "leftovers": leftovers, "seconds": duration, "killed_while_writing": cut,
    }  # fmt: skip


def together(recipe: Recipe, corpus: Corpus, out: Path, processes: int) -> dict[str, Any]:
    """One training in several processes, started with the environment that launchers set."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(rank: int) -> Callable[[], Any]:
        def task() -> None:
            os.environ.update(
                RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(processes), LOCAL_WORLD_SIZE=str(processes),
                MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), ACCELERATE_USE_CPU="true",
            )  # fmt: skip
            training.train(recipe, corpus, out, quiet=True)

        return task

    children = [forked(run(rank)) for rank in range(processes)]
    statuses = [ended(child, 60) for child in children]
    for child, status in zip(children, statuses, strict=True):
        if status is None:
            kill(child)
    return {"statuses": statuses}


def main() -> None:
    torch.set_num_threads(1)
    given = json.load(sys.stdin)
    recipe, corpus, out = recipe_from_dict(given["recipe"]), read_corpus(given["corpus"]), Path(given["out"])
    if given["task"] == "interrupted":
        answer = interrupted(recipe, corpus, out, given["kills"], given["seed"], given.get("while_writing", False))
    else:
        answer = together(recipe, corpus, out, given["processes"])
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
