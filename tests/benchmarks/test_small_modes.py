"""Every script of benchmarks/ and scripts/ runs, with tiny models and a made-up corpus; its figures mean nothing."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from warm_python import WarmPython

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path.stem for folder in ("benchmarks", "scripts") for path in (ROOT / folder).glob("*.py"))
Run = Callable[..., dict[str, Any]]


def write_corpus(folder: Path, splits: Mapping[str, Any], rename: dict[str, str]) -> Path:
    """Splits of a corpus as uniform JSONL, labels renamed."""
    folder.mkdir(parents=True)
    for split, conversations in splits.items():
        rows = [
            {
                "id": f"{split}-{one.id}",
                "utterances": [
                    {"id": u.id, "speaker": u.speaker, "text": u.text, "emotion": rename.get(u.label, u.label)}
                    for u in one.utterances
                ],
                "meta": dict(one.meta),
            }
            for one in conversations
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def corpus_folder(tiny_corpus: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_corpus(tmp_path_factory.mktemp("benchmarks") / "tiny", tiny_corpus.splits, {})
    (folder / "corpus.yaml").write_text("neutral: Calm\n", encoding="utf-8")
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """``run(script, argument, ...)``: what the script wrote to ``--out``."""

    def call(script: str, *arguments: object) -> dict[str, Any]:
        out = tmp_path / f"{script}.json"
        assert not importlib.import_module(script).main([*map(str, arguments), "--out", str(out)])
        value: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return value

    return call


def test_every_script_is_run_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in SCRIPTS if f'"{name}"' not in here] == []


def test_causal_reader(run: Run) -> None:
    assert run("causal_reader", "--small")["chosen_on_dev"]["dev_weighted_f1"] > 50


def test_behaviour(run: Run, trained_folder: Path) -> None:
    found = run("behaviour", "--model", trained_folder, "--small")
    assert found["lines"] > 20
    assert found["accuracy"] == 0  # other labels than the lines have
    assert found["pairs_unchanged"][1] == 6


@pytest.mark.trains
def test_one_pass(run: Run, corpus_folder: Path, tiny_backbone: Callable[[str], Path]) -> None:
    settings = (f"model.backbone={tiny_backbone('bert')}", "model.speaker.min_utterances=2")
    sizes = ("--baseline-conversations", 4, "--baseline-tokens", 30, "--matmul-sizes", 32)
    changes = [part for one in settings for part in ("--set", one)]
    found = run("one_pass", "--corpus", corpus_folder, *changes, *sizes)
    assert found["labelling_utterances_per_s"] > 0
    assert found["training_per_utterance_tokens_per_utterance"] > 0


@pytest.mark.trains
def test_one_pass_llm(run: Run, corpus_folder: Path, tiny_causal_lm: Callable[..., Any]) -> None:
    folder = tiny_causal_lm("llama").folder
    found = run("one_pass_llm", "--corpus", corpus_folder, "--model", folder, "--recipes")
    assert found["token_ratio"] > 1
    assert found["max_score_difference"] < 1e-3
    assert found["training_measured_on"] >= 2


def test_memory_effect(run: Run, corpus_folder: Path, trained_folder: Path) -> None:
    found = run("memory_effect", "--model", trained_folder, "--corpus", corpus_folder, "--check")
    assert found["largest_difference_from_history_all"] < 1e-3
    assert found["remembered_of_train"] > 0


def test_red_team_rates(run: Run, trained_folder: Path) -> None:
    found = run("red_team_rates", trained_folder, "--entries", 5)
    assert found["hostile_utterances"] == 5
    assert 0 <= found["overall"]["flipped"] <= 1


@pytest.mark.process
def test_server_load(run: Run, trained_folder: Path, warm_python: WarmPython, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(command: list[str], **options: Any) -> Any:
        assert command[0] == sys.executable
        return warm_python.start(*command[1:], **options)

    processes = SimpleNamespace(Popen=start, PIPE=subprocess.PIPE)
    monkeypatch.setattr(importlib.import_module("server_load"), "subprocess", processes)
    sizes = ("--seconds", 0.5, "--minutes", 0, "--clients", 1, "--sockets", 1, "--rate", 2, "--utterances", 2)
    found = run("server_load", "--model", trained_folder, *sizes)
    assert found["well_afterwards"]
    assert set(found["beyond"]["statuses"]) <= {"200", "429"}
    assert found["streams"][0]["failed"] == 0


@pytest.mark.process
def test_attack(run: Run, trained_folder: Path) -> None:
    """The short form of two parts of ``make attack``: nothing fails and nothing is lost."""
    pytest.importorskip("lancedb")
    found = run("attack", "--model", trained_folder, "--parts", 14, "--size", 200, "--kills", 1)
    assert {one["status"] for one in found["bodies"].values()} <= {200, 413, 422}
    assert [kind for kind, one in found["kills"].items() if one["number_wrong"]] == []


@pytest.mark.slow
def test_attack_of_tenants(run: Run, trained_folder: Path) -> None:
    sizes = ("--parts", 23, "--seconds", 1, "--clients", 2, "--tenants", 3)
    found = run("attack", "--model", trained_folder, *sizes)
    assert found["greedy"]["answers"] > 0
    assert found["left"]["waited_seconds"] < 10


@pytest.mark.process
def test_speaker_memory(run: Run) -> None:
    found = run("speaker_memory", "--utterances", 60, "--speakers", 3, "--hidden", 8, "--repeats", 2)
    assert found["after_compacting"]["fragments"] >= 1
    assert found["left"] < 62


def test_streaming(run: Run, trained_folder: Path) -> None:
    sizes = ("--threads", 1, "--conversations", 1, "--utterances", 20, "--calls", 1)
    found = run("streaming", "--model", trained_folder, *sizes)
    assert found["fp32"]["single"]["conversations"] == 1
    assert [pool["conversations"] for pool in found["bf16"]["pool"]] == [1, 8, 32]


def test_type_one_error(run: Run) -> None:
    assert run("type_one_error", "--pairs", 1)["pairs"] == 1


@pytest.mark.process
def test_fuzz_readers(run: Run) -> None:
    found = run("fuzz_readers", "--seconds", 0.5, "--engine", "mutations")
    assert found["executions"] > 0
    assert found["findings"] == []


@pytest.mark.process
def test_systems(corpus_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = {"corpora": {str(corpus_folder): {"split": "test"}}, "systems": {"chance": {"recipe": "baseline/chance"}}}
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(plan), encoding="utf-8")
    main = importlib.import_module("systems").main
    arguments = ["--plan", tmp_path / "plan.yaml", "--seeds", 2, "--out", tmp_path / "runs", "--results", tmp_path]
    for said in ("done after", "2 seeds: done"):
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments)])
        assert not ended.value.code
        assert said in capsys.readouterr().out


@pytest.mark.trains
def test_leave_two_out(
    ruled_corpus: Callable[..., Any],
    tiny_backbone: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from erckit.cli.main import main as erckit

    script = importlib.import_module("leave_two_out")

    def in_this_process(*words: str | Path) -> None:
        assert erckit([*map(str, words)]) == 0

    monkeypatch.setattr(script, "erckit", in_this_process)
    monkeypatch.setenv("ERCKIT_DATA", str(tmp_path))
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    # One pair of labels occurs in it.
    splits = {**ruled_corpus(24).splits, "dev": ruled_corpus(30).splits["train"]}
    write_corpus(tmp_path / "emorynlp", splits, {"Calm": "neutral", "Cross": "mad", "Glad": "sad"})
    quick = ("--set", "training.epochs=1", "--set", "model.sentemo.layers=[1,2]")
    places = ("--out", tmp_path / "runs", "--results", tmp_path / "results", "--json", tmp_path / "pooled.json")
    encoder = ("--reader", "none", "--encoder", tiny_backbone("bert"))
    script.main([*map(str, ("--corpus", "emorynlp", "--losses", "none", *encoder, *quick, *places))])
    (found,) = json.loads((tmp_path / "pooled.json").read_text(encoding="utf-8")).values()
    assert list(found["pairs"]) == ["mad_sad"]


def test_bundle_model(
    trained_folder: Path, corpus_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score = ("--score", f"{corpus_folder}/test")
    places = ("--bundled", tmp_path / "bundled", "--results", tmp_path / "results")
    importlib.import_module("bundle_model").main([*map(str, (trained_folder, "tiny-model", *score, *places))])
    assert "weighted_f1" in capsys.readouterr().out
    assert "## Scores" in (tmp_path / "bundled" / "tiny-model" / "README.md").read_text(encoding="utf-8")


def test_readme_results(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = importlib.import_module("readme_results")
    block = script.with_results(f"a\n{script.BEGIN}\nold\n{script.END}\nb", "new")
    assert block == f"a\n{script.BEGIN}\nnew\n{script.END}\nb"


def test_reference(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    script = importlib.import_module("reference")
    monkeypatch.setattr("sys.argv", ["reference.py", "--check"])
    script.main()
    assert "recipe_keys.md is up to date" in capsys.readouterr().out
