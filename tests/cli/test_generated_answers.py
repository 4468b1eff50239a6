"""``erckit evaluate`` and ``erckit label`` with answers that a server writes, and with the options around them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import f1_score

from erckit.cli.main import main

# What the server says of a text with this word; the third is no label.
SAYS = {"coffee": "Calm.", "angry": "cross", "happy": "so cheerful!"}
LABEL = {"coffee": "Calm", "angry": "Cross", "happy": ""}


class Server:
    """Answers by the last word it knows in the prompt's last line of the conversation; counts what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.fails_after = 10**9
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.asked.append(body)
                server.keys.append(self.headers.get("Authorization"))
                is_down = len(server.asked) > server.fails_after
                target = re.findall(r'^\w+: "(.*)"$', body["messages"][-1]["content"], re.MULTILINE)[-1]
                (text,) = [said for word, said in SAYS.items() if word in target.split()]
                answer = {"choices": [{"message": {"content": text}}], "usage": {"total_tokens": 7}}
                data = b'{"error": "no such model"}' if is_down else json.dumps(answer).encode()
                self.send_response(400 if is_down else 200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("ERCKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ERCKIT_ENDPOINT_KEY", "secret-7")
    running = Server()
    yield running
    running.close()


@pytest.fixture
def corpus(ruled_corpus: Callable[..., Any], tmp_path: Path) -> tuple[Path, Any]:
    made = ruled_corpus(4)
    folder = tmp_path / "ruled"
    folder.mkdir()
    for split, conversations in made.splits.items():
        rows = ["conversation,speaker,text,label"]
        rows += [f"{split}-{c.id},{u.speaker},{u.text},{u.label}" for c in conversations for u in c.utterances]
        (folder / f"{split}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder, made


@pytest.fixture
def recipe(corpus: tuple[Path, Any], tmp_path: Path) -> Path:
    path = tmp_path / "asked.yaml"
    path.write_text(
        f"corpus: {corpus[0]}\nmodel: {{name: instruct_erc, backbone: no-such-model, history: {{scope: none}}}}\n"
        "style: {demonstrations: 0}\n",
        encoding="utf-8",
    )
    return path


def _naive(corpus: Any) -> tuple[list[str], list[str]]:
    said = [u for c in corpus.split("test") for u in c.utterances]
    return [u.label for u in said], [next(LABEL[word] for word in u.text.split() if word in LABEL) for u in said]


def test_scores_are_those_of_a_naive_parse(
    server: Server, recipe: Path, corpus: tuple[Path, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "asked.json"
    asking = ["evaluate", str(recipe), "--engine", server.url, "--engine-model", "m"]
    assert main([*asking, "--json", str(out)]) == 0
    captured = capsys.readouterr()
    gold, predicted = _naive(corpus[1])
    result = json.loads(out.read_text())
    assert [row["label"] for row in result["predictions"]] == predicted
    wanted = f1_score(gold, predicted, labels=["Calm", "Cross", "Glad"], average="weighted", zero_division=0)
    assert result["metrics"]["weighted_f1"] == pytest.approx(wanted)
    silent = predicted.count("")
    assert 0 < silent < len(gold)
    assert result["metrics"]["unparsed_rate"] == pytest.approx(silent / len(gold))
    assert result["metrics"]["inexact_rate"] == pytest.approx(silent / len(gold))
    assert "expected_calibration_error" not in result["metrics"]
    assert result["protocol"]["answers"] == "generated, parsed exact"
    assert result["config"]["answers"] == {"by": "endpoint m", "parsing": "exact"}
    assert result["seeds"] == []
    assert "127.0.0.1" not in out.read_text()
    assert "secret-7" not in out.read_text() + captured.out + captured.err
    assert "no training" in captured.out.splitlines()[0]
    assert "answers generated, parsed exact" in captured.out.splitlines()[0]
    assert f"({silent:,} of {len(gold):,} answers name no label and count as wrong)" in captured.out
    assert f"'so cheerful!' ({silent})" in captured.err
    assert "trained adapters are not" in captured.err
    assert set(server.keys) == {"Bearer secret-7"}
    assert len(server.asked) == len({body["messages"][0]["content"] for body in server.asked})

    asked = len(server.asked)
    other = tmp_path / "nearest.json"
    # another parsing of the same answers asks nobody
    assert main([*asking, "--parsing", "nearest", "-q", "--json", str(other)]) == 0
    assert len(server.asked) == asked
    assert "unparsed 0.00 %" in capsys.readouterr().out
    assert main(["compare", str(out), str(other)]) == 0


def test_an_interrupted_run_goes_on(server: Server, recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.fails_after = 5
    asking = ["evaluate", str(recipe), "-q", "--engine", server.url, "--engine-model", "m"]
    assert main(asking) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "the 5 new ones are kept" in error
    before = {body["messages"][0]["content"] for body in server.asked[:5]}
    server.fails_after, server.asked = 10**9, []
    assert main(asking) == 0
    assert not before & {body["messages"][0]["content"] for body in server.asked}


def test_label_a_chat(server: Server, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chat, report = tmp_path / "chat.txt", tmp_path / "chat.html"
    chat.write_text("Ana: a coffee\nBen: an angry dog\nAna: happy day\n", encoding="utf-8")
    arguments = ["label", str(chat), "--model", str(recipe), "--engine", server.url, "--engine-model", "m"]
    assert main([*arguments, "-o", "-", "--report", str(report)]) == 0
    captured = capsys.readouterr()
    said = json.loads(captured.out)["utterances"]
    assert [u["predicted"] for u in said] == ["Calm", "Cross", None]
    assert said[2]["reason"] == "unparsed: 'so cheerful!'"
    assert set(said[2]["scores"].values()) == {0.0}
    assert "answers that name no label: 1 of 3 (33.33 %); the most frequent: 'so cheerful!' (1)" in captured.err
    assert "so cheerful!" in report.read_text()
    assert main([*arguments, "-q"]) == 0
    assert len(server.asked) == 3
    assert "1 of 3" in capsys.readouterr().err  # told even when quiet


def test_a_model_folder_on_this_machine(
    llm_folder: Path, corpus: tuple[Path, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from erckit.labelling import Labeler
    from erckit.labelling.answering_system import open_generating
    from erckit.prompting.answers.answer_settings import AnswerSettings

    folder, made = corpus
    out = tmp_path / "own.json"
    arguments = ["evaluate", str(llm_folder), "--corpus", str(folder), "--answers", "generate", "--answer-tokens", "3"]
    assert main([*arguments, "--parsing", "contained", "--precision", "fp32", "--json", str(out), "-q"]) == 0
    result = json.loads(out.read_text())
    capsys.readouterr()
    labeler = Labeler(open_generating(llm_folder, AnswerSettings("contained", 3), precision="fp32"))
    bare = list(made.split("test"))
    labelled = labeler.label(bare, history="all", remember=made.split("train"))
    assert labeler.answers_read is not None
    texts, predicted = labeler.answers_read.texts, [p.label for one in labelled for p in one.predictions]
    for text, label in zip(texts, predicted, strict=True):
        words = {word.strip(".,!?'\"").lower() for word in text.split()}
        named = [name for name in ("Calm", "Cross", "Glad") if name.lower() in words]
        assert label == (named[0] if len(named) == 1 else None)
    assert result["metrics"]["unparsed_rate"] == [row["label"] for row in result["predictions"]].count("") / len(
        result["predictions"]
    )
    assert result["seeds"] == [1]
    assert result["parameters"] > 0
    assert labeler.tokens_processed > 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["evaluate", "m", "--answers", "generated"], 2, "Did you mean 'generate'"),
        (["evaluate", "m", "--answers", "generate", "--parsing", "exakt"], 2, "Did you mean 'exact'"),
        (["evaluate", "m", "--parsing", "exact"], 2, "goes with --answers generate"),
        (["evaluate", "m", "--answer-tokens", "3"], 2, "goes with --answers generate"),
        (["evaluate", "m", "--engine-model", "x"], 2, "--engine-model: goes with --engine"),
        (["evaluate", "m", "--engine", "http://localhost:1/v1"], 2, "name the model on the server"),
        (["evaluate", "m", "--engine", "u", "--engine-model", "x", "--answers", "scores"], 2, "gives no scores"),
        (["evaluate", "m", "--answers", "generate", "--few-shot", "2way-2shot"], 2, "--few-shot: does not go with"),
        (["evaluate", "m", "--answers", "generate", "--scorer", "prototypes"], 2, "--scorer: does not go with"),
        (["evaluate", "baseline/majority", "--corpus", "c", "--answers", "generate"], 2, "goes with an LLM system"),
        (["evaluate", "everyday", "--answers", "generate"], 1, "is no LLM system"),
        (["evaluate", "instruct_erc/emorynlp", "--answers", "generate", "--out", "d"], 2, "--out: does not go with"),
        (["label", "x.txt", "--answers", "generate"], 2, "--model: name an LLM system"),
        (["label", "x.txt", "--model", "m", "--answers", "generate", "--memory", "d"], 2, "--memory: needs scores"),
        (["label", "x.txt", "--model", "m", "--answers", "generate", "--min-confidence", "0.5"], 2, "needs scores"),
    ],
)
def test_options_that_do_not_go_together(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == code
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_recipe_to_be_trained_is_not_asked_untrained(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(recipe), "--answers", "generate"]) == 1
    assert "is to be trained" in capsys.readouterr().err


def test_a_server_that_is_not_there(server: Server, recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", str(recipe), "-q", "--engine", "http://127.0.0.1:9/v1", "--engine-model", "m"]
    assert main([*arguments, "--engine-seconds", "0.5"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "refuses the connection" in error or "budget of 0.5 seconds" in error
