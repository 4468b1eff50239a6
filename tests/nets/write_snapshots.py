"""Write the snapshots of this folder with the erckit that is installed: ``python tests/nets/write_snapshots.py``.

Run once, at the commit whose behaviour is to be kept; the tests beside it hold every later commit to what lies in
``snapshots``. Only the command line is used, and the names of ``erckit`` itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SNAPSHOTS = HERE / "snapshots"
BUNDLED = ("everyday", "emonet-emorynlp")
STEPS_BEFORE_THE_KILL = 3

# Recipes in the spelling of erckit 0.1.0, over the tiny backbones beside this file.
_TRAINING = {"epochs": 2, "batch_tokens": 96, "precision": "fp32", "head_rate": 3e-3, "backbone_rate": 1e-3}
_SENTEMO = {"layers": [0, 3], "heads": 4, "feedforward": 32}
RECIPES: dict[str, dict[str, Any]] = {
    "compm": {
        "model": {"name": "compm", "speaker": {"identity": "none", "form": "none"}, "history": {"encoder": "tied"},
                  "gru_layers": 1, "head_dropout": 0.2},
        "training": {"class_weights": "min_count"},
    },
    "emonet": {
        "model": {"name": "emonet", "speaker": {"min_utterances": 2}, "has_projection": False, "gru_dropout": 0.1},
        "training": {"class_weights": "sqrt_inverse", "average": 0.9, "adjusts_neutral": True},
    },
    "sentemo": {
        "model": {"name": "sentemo", "attention": "isolated", "speaker": {"identity": "none", "form": "none"},
                  "history": {"scope": "preceding", "window": 3}, "head_dropout": 0.1,
                  "sentemo": {**_SENTEMO, "head": "cosine", "temperature": 0.2}},
        "training": {},
    },
    "sentemo_chunk": {
        "model": {"name": "sentemo", "attention": "isolated", "speaker": {"identity": "none", "form": "none"},
                  "history": {"scope": "chunk", "window": 4},
                  "sentemo": {"has_projection": False, "freezes_backbone": False, "heads": 4, "feedforward": 16,
                              "head": "transformer"}},
        "training": {},
    },
    "emonet_frozen": {
        "model": {"name": "emonet_frozen", "attention": "isolated",
                  "speaker": {"identity": "global", "form": "embedding", "min_utterances": 2},
                  "history": {"scope": "all", "window": 5}, "gru_layers": 1, "gru_dropout": 0.0,
                  "sentemo": {**_SENTEMO, "context_window": 3, "width": 16}},
        "training": {"label_smoothing": 0.1},
    },
    "instruct_erc": {
        "model": {"name": "instruct_erc", "backbone": "causal", "history": {"scope": "conversation"}},
        "style": {"demonstrations": 0},
        "lora": {"rank": 2, "alpha": 4, "dropout": 0.0, "targets": ["q_proj", "v_proj"]},
        "training": {"epochs": 1, "batch_tokens": 700, "backbone_rate": 1e-2},
    },
    "emonet_llm": {
        "model": {"name": "emonet_llm", "backbone": "causal", "history": {"scope": "all"}},
        "context": {"demonstrations": {"encoder": "backbone"}},
        "lora": {"rank": 2, "alpha": 4, "dropout": 0.0, "targets": ["q_proj", "v_proj"]},
        "training": {"epochs": 1, "batch_tokens": 700, "backbone_rate": 1e-2},
    },
}  # fmt: skip
KILLED = ("emonet", "emonet_llm")
SCORERS: dict[str, tuple[str, ...]] = {"prototypes": (), "light_head": ("--head",)}

TALK = """Ana: hello Ben you look happy
Ben: i am angry
Ana: oh no
Cleo: coffee good and the dog
Ben: yes
Ana: thanks Ben bye
"""
TALK_LATER = """Ben: the door red
Ana: angry dog you say
Ben: happy happy
"""
WRONG_CALLS: tuple[tuple[str, ...], ...] = (
    ("label", "no-such-file.txt"),
    ("label", "talk.txt", "--model", "no-such-model"),
    ("label", "talk.txt", "--format", "whatsap"),
    ("label", "talk.txt", "--precision", "half"),
    ("label", "talk.txt", "--history", "al"),
    ("label", "talk.txt", "-o", "labels.txt"),
    ("label", "talk.txt", "--model", "models/emonet", "--map", "ekmann"),
    ("label", "talk.txt", "--min-confidence", "2"),
    ("train", "emonet/emorynl"),
    ("train", "emonet/emorynlp", "--set", "model.gru_layer=2", "--dry-run"),
    ("train", "emonet/emorynlp", "--set", "training.epochs=0", "--dry-run"),
    ("train", "baseline/majority"),
    ("evaluate", "everyday", "--corpus", "no-such-corpus"),
    ("evaluate", "baseline/majority"),
    ("evaluate", "emonet/emorynlp"),
    ("evaluate", "everyday", "--scorer", "hed"),
    ("evaluate", "everyday", "--few-shot", "5way"),
    ("evaluate", "everyday", "--episodes", "5"),
    ("evaluate", "everyday", "--seeds", "2"),
    ("evaluate", "baseline/tfidf", "--corpus", "emorynlp", "--set", "a=1"),
    ("compare", "one.json"),
    ("corpora", "stats", "emoryn"),
    ("memory", "stats", "no-such-folder"),
    ("frobnicate",),
)


def run(*arguments: str, into: str | None = None) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of one call of the command line in this process."""
    from erckit.cli.main import main

    raw, err, stdin = io.BytesIO(), io.StringIO(), sys.stdin
    out = io.TextIOWrapper(raw, encoding="utf-8", write_through=True)
    if into is not None:
        lines = tempfile.TemporaryFile("w+", encoding="utf-8")  # a real file: the stream waits on its descriptor
        lines.write(into)
        lines.seek(0)
        sys.stdin = lines
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(list(arguments))
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdin = stdin
    out.flush()
    return int(code or 0), raw.getvalue().decode(), err.getvalue()


def must(*arguments: str, into: str | None = None) -> str:
    """Standard output of a call that has to succeed."""
    code, out, err = run(*arguments, into=into)
    if code:
        raise RuntimeError(f"erckit {' '.join(arguments)}: {err or out}")
    return out


def recipe_text(name: str) -> str:
    """YAML of one of ``RECIPES``."""
    values = RECIPES[name]
    model = {"backbone": "backbone", **values["model"]}
    training = {**({"precision": "fp32"} if "lora" in values else _TRAINING), **values["training"]}
    return yaml.safe_dump({**values, "corpus": "corpus", "model": model, "training": training}, sort_keys=False)


def stream_lines(text: str, conversation: str) -> str:
    """A transcript as the lines that ``erckit stream`` reads."""
    rows = [line.split(": ", 1) for line in text.strip().split("\n")]
    return "".join(
        json.dumps({"conversation": conversation, "speaker": speaker, "text": said, "id": f"u{i}"}) + "\n"
        for i, (speaker, said) in enumerate(rows)
    )


def scores_of(jsonl: str) -> list[dict[str, Any]]:
    """Label and scores of every utterance that ``erckit label -o -`` or ``erckit stream`` printed, in order."""
    rows = []
    for line in jsonl.splitlines():
        record = json.loads(line)
        for said in record.get("utterances", [record]):
            rows.append({"label": said.get("predicted", said.get("label")), "scores": said["scores"]})
    return rows


def labelled(model: str, *files: str, streams: bool) -> dict[str, Any]:
    """What a model says of transcripts: in batch, streamed, and with a speaker memory that saw the first."""
    from erckit import Labeler

    said: dict[str, Any] = {"batch": scores_of(must("label", *files, "--model", model, "-o", "-", "-q"))}
    said["all"] = scores_of(must("label", *files, "--model", model, "-o", "-", "-q", "--history", "all"))
    if streams:
        lines = "".join(stream_lines(Path(file).read_text(encoding="utf-8"), file) for file in files)
        said["stream"] = scores_of(must("stream", "--model", model, "-q", into=lines))
    with tempfile.TemporaryDirectory() as memory:
        place = str(Path(memory) / "store")
        said["memory"] = [
            scores_of(must("label", file, "--model", model, "-o", "-", "-q", "--memory", place)) for file in files
        ]
    return {**said, "model_id": Labeler.from_pretrained(model).model_id}


def _write_corpus(folder: Path) -> None:
    from conftest import WORDS  # type: ignore[import-not-found]

    rng, word_of = random.Random(3), {"Calm": "coffee", "Cross": "angry", "Glad": "happy"}
    folder.mkdir()
    for split, count in (("train", 12), ("dev", 4), ("test", 4)):
        lines = []
        for c in range(count):
            said = []
            for u in range(rng.randint(3, 6)):
                label = rng.choice(list(word_of))
                words = [*rng.choices(WORDS, k=4), word_of[label]]
                rng.shuffle(words)
                said.append({"id": f"u{u}", "speaker": rng.choice(["Ana", "Ben", "Cleo"]), "text": " ".join(words),
                             "label": label})  # fmt: skip
            lines.append(json.dumps({"id": f"{split}{c}", "utterances": said}))
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_backbones(into: Path) -> None:
    sys.path.insert(0, str(HERE.parent))
    import conftest  # type: ignore[import-not-found]

    with open(os.devnull, "w") as quiet, contextlib.redirect_stderr(quiet):
        conftest._save_network("bert", into / "backbone", conftest._save_tokenizer("bert", into / "backbone"))
        vocabulary = conftest._save_causal_tokenizer("llama", into / "causal")
        conftest._save_causal_lm("llama", into / "causal", vocabulary)


class Killed(BaseException):
    """Stands for a process that is gone."""


def _kill(recipe: Path, out: Path) -> None:
    """Train with checkpoints after every step, and stop as if killed."""
    from torch.optim.optimizer import register_optimizer_step_pre_hook

    from erckit.recipe.load_recipe import load_recipe  # the old names: erckit.training.recipe, .recipe_corpus
    from erckit.recipe.recipe_corpus import recipe_corpus
    from erckit.training.run import train

    left = [STEPS_BEFORE_THE_KILL]

    def stop(*_: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    hook = register_optimizer_step_pre_hook(stop)
    loaded = load_recipe(recipe)
    try:
        train(loaded, recipe_corpus(loaded, None), out, quiet=True, checkpoint_seconds=0)
    except Killed:
        pass
    finally:
        hook.remove()


def write() -> None:
    """Write everything anew."""
    shutil.rmtree(SNAPSHOTS, ignore_errors=True)
    SNAPSHOTS.mkdir()
    os.chdir(SNAPSHOTS)
    os.environ.update(COLUMNS="100", TERM="dumb", NO_COLOR="1", OMP_NUM_THREADS="1")
    os.environ["ERCKIT_CACHE"] = tempfile.mkdtemp()
    os.environ.pop("ERCKIT_DATA", None)
    import torch

    torch.set_num_threads(1)
    _write_backbones(SNAPSHOTS)
    _write_corpus(SNAPSHOTS / "corpus")
    (SNAPSHOTS / "talk.txt").write_text(TALK, encoding="utf-8")
    (SNAPSHOTS / "later.txt").write_text(TALK_LATER, encoding="utf-8")
    answers: dict[str, Any] = {}
    for name in RECIPES:
        recipe = SNAPSHOTS / "recipes" / f"{name}.yaml"
        recipe.parent.mkdir(exist_ok=True)
        recipe.write_text(recipe_text(name), encoding="utf-8")
        must("train", str(recipe.relative_to(SNAPSHOTS)), "--out", f"runs/{name}", "-q")
        Path("models").mkdir(exist_ok=True)
        shutil.move(f"runs/{name}/model", f"models/{name}")
        answers[name] = labelled(f"models/{name}", "talk.txt", "later.txt", streams=name != "sentemo_chunk"
                                 and name not in ("instruct_erc", "emonet_llm"))  # fmt: skip
    examples = Path("examples.csv")
    examples.write_text(
        "text,label\n" + "".join(
            f"{a} {b},{label}\n" for label, a in (("Glad", "happy"), ("Cross", "angry"), ("Calm", "coffee"))
            for b in ("dog", "walk", "the red door", "yes", "good day")
        ), encoding="utf-8",
    )  # fmt: skip
    for scorer, options in SCORERS.items():
        must("adapt", "models/sentemo", "--examples", "examples.csv", "--out", f"models/{scorer}", *options, "-q")
        answers[scorer] = labelled(f"models/{scorer}", "talk.txt", streams=True)
    for name in KILLED:
        _kill(SNAPSHOTS / "recipes" / f"{name}.yaml", SNAPSHOTS / "killed" / name)
        for left in ("tensorboard", "checkpoints/step-00000002"):
            shutil.rmtree(Path("killed", name, left))
    shutil.rmtree("runs")
    Path("results.json").write_text(json.dumps(results(), indent=None) + "\n", encoding="utf-8")
    talks = sorted((ROOT / "examples" / "conversations").glob("*.txt"))
    for name in BUNDLED:
        answers[name] = labelled(name, *(os.path.relpath(talk) for talk in talks), streams=True)
    Path("answers.json").write_text(json.dumps(answers) + "\n", encoding="utf-8")
    Path("printed.json").write_text(json.dumps(printed(), indent=1) + "\n", encoding="utf-8")
    Path("recipes.json").write_text(json.dumps(recipes(), indent=None) + "\n", encoding="utf-8")
    sums = {
        str(file.relative_to(ROOT)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted((ROOT / "src" / "erckit" / "bundled").rglob("*")) if file.is_file() and file.suffix != ".pyc"
    }  # fmt: skip
    Path("bundled.json").write_text(json.dumps(sums, indent=1) + "\n", encoding="utf-8")


EVALUATIONS: dict[str, tuple[str, ...]] = {
    "model": ("models/emonet",),
    "llm": ("models/emonet_llm",),
    "adapted": ("models/light_head",),
    "majority": ("baseline/majority",),
    "few_shot": ("models/sentemo", "--few-shot", "2way-1shot", "--episodes", "20"),
    "forced_choice": ("models/sentemo", "--forced-choice", "--seeds", "2"),
}
# What tells of the machine and the moment.
VOLATILE = {
    "hardware",
    "wall_seconds",
    "versions",
    "code_version",
    "training_seconds",
    "training_device",
    "config",
    "cached_texts",
}


def results() -> dict[str, Any]:
    """Result files of the tiny models, without what tells of the machine."""
    written = {}
    for name, arguments in EVALUATIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "result.json")
            must("evaluate", *arguments, "--corpus", "corpus", "--split", "dev", "--json", file, "-q")
            written[name] = json.loads(Path(file).read_text(encoding="utf-8"))
    return written


def printed() -> dict[str, Any]:
    """Help texts, labels as printed, wrong calls with code and message, in the current folder."""
    from erckit.cli.command_group import COMMANDS

    helps = {name: must(name, "--help") for name in COMMANDS}
    helps[""] = must("--help")
    for name, below in (("corpora", ("list", "get", "stats", "check")), ("backbones", ("list", "get"))):
        helps |= {f"{name} {command}": must(name, command, "--help") for command in below}
    outputs = {form: must("label", "talk.txt", "--model", "models/emonet", "-q", *rest)
               for form, rest in (("table", ()), ("jsonl", ("-o", "-")))}  # fmt: skip
    wrong = {}
    for call in WRONG_CALLS:
        code, out, err = run(*call)
        wrong[" ".join(call)] = [code, out, err.replace(str(ROOT), "ROOT")]
    return {"help": helps, "output": outputs, "wrong": wrong}


def recipes() -> dict[str, Any]:
    """Every recipe and ablation that comes along, with all defaults filled in, in the spelling of 0.1.0."""
    import erckit

    folder = ROOT / "recipes"
    loaded = {}
    for file in sorted(folder.rglob("*.yaml")):
        if not any(line.startswith("rows:") for line in file.read_text(encoding="utf-8").splitlines()):
            loaded[str(file.relative_to(folder).with_suffix(""))] = erckit.load_recipe(file).to_dict()
    return loaded


if __name__ == "__main__":
    write()
