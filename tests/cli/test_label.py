import csv
import json
import os

import pytest

from erckit.cli.main import main

CHAT = "Ana: We won!\nBen: No way.\nAna: I can't believe it.\n"


@pytest.fixture
def chat(tmp_path):
    path = tmp_path / "chat.txt"
    path.write_text(CHAT)
    return path


pytestmark = pytest.mark.usefixtures("fake_labeler")


def test_table_on_the_terminal(chat, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(chat)]) == 0
    captured = capsys.readouterr()
    for word in ("Ana", "Ben", "We won!", "No way."):
        assert word in captured.out
    assert "\x1b[" not in captured.out  # no colour where there is no terminal
    assert captured.err == "read 3 utterances in 1 conversation, 2 speakers\n"


def test_quiet_says_nothing_but_the_result(chat, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(chat), "--quiet"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "We won!" in captured.out


def test_jsonl_output(chat, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "new" / "out.jsonl"
    assert main(["label", str(chat), "-o", str(out)]) == 0
    assert capsys.readouterr().out == ""
    (row,) = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [u["text"] for u in row["utterances"]] == ["We won!", "No way.", "I can't believe it."]
    assert all(sum(u["scores"].values()) == pytest.approx(1) for u in row["utterances"])


def test_dash_is_jsonl_on_standard_output(chat, capfdbinary) -> None:
    assert main(["label", str(chat), "-o", "-"]) == 0
    (row,) = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert len(row["utterances"]) == 3


def test_csv_output_has_a_row_per_utterance(chat, tmp_path) -> None:
    out = tmp_path / "out.csv"
    assert main(["label", str(chat), "-o", str(out), "--quiet"]) == 0
    with open(out, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == ["We won!", "No way.", "I can't believe it."]


def test_report_is_written(chat, tmp_path) -> None:
    pytest.importorskip("erckit.reports.pages.conversation_report")
    out = tmp_path / "r" / "report.html"
    assert main(["label", str(chat), "--report", str(out), "--quiet"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "We won!" in page
    assert "Ben" in page


def test_abstention(chat, tmp_path) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["label", str(chat), "--min-confidence", "0.9", "-o", str(out)]) == 0
    row = json.loads(out.read_text(encoding="utf-8"))
    assert [u["predicted"] for u in row["utterances"]] == [None] * 3


def test_files_with_the_same_conversation_id_stay_apart(tmp_path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chat.txt").write_text(CHAT)
    out = tmp_path / "out.jsonl"
    assert main(["label", str(tmp_path / "a/chat.txt"), str(tmp_path / "b/chat.txt"), "-o", str(out)]) == 0
    ids = [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(set(ids)) == 2


def test_ids_that_cannot_be_written_are_mended(tmp_path) -> None:
    source, out = tmp_path / "chat.jsonl", tmp_path / "out.csv"
    source.write_text('{"id": "odd \\ud800\\u0007", "utterances": [{"speaker": "Ana", "text": "hi"}]}\n')
    assert main(["label", str(source), "-o", str(out)]) == 0
    (row,) = csv.DictReader(out.open(encoding="utf-8"))
    assert row["conversation"] == "odd \ufffd"


def test_skipped_conversations_are_counted_and_kept(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.jsonl"
    good = {"id": "1", "utterances": [{"id": "a", "speaker": "A", "text": "hi"}]}
    path.write_text(json.dumps(good) + "\n" + '{"id": "2", "utterances": []}\n')
    # What was left out is told even when the user asked for quiet.
    assert main(["label", str(path), "-o", str(tmp_path / "o.jsonl"), "--quiet"]) == 0
    side = tmp_path / "c.skipped.jsonl"
    error = capsys.readouterr().err
    assert "skipped 1 conversation" in error
    assert str(side) in error
    assert json.loads(side.read_text())["line"] == 2


def test_side_files_of_equal_names_stay_apart(tmp_path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        text = json.dumps({"id": folder, "utterances": [{"id": "1", "speaker": "A", "text": "hi"}]}) + "\nbad\n"
        (tmp_path / folder / "c.jsonl").write_text(text)
    out = tmp_path / "o.jsonl"
    assert main(["label", str(tmp_path / "a/c.jsonl"), str(tmp_path / "b/c.jsonl"), "-o", str(out)]) == 0
    assert {path.name for path in tmp_path.glob("*.skipped.jsonl")} == {"c.skipped.jsonl", "c-2.skipped.jsonl"}


def test_an_input_is_never_overwritten(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "c.jsonl"
    text = '{"id": "1", "utterances": [{"id": "a", "speaker": "A", "text": "hi"}]}\n'
    path.write_text(text)
    assert main(["label", str(path), "-o", str(tmp_path / "." / "c.jsonl")]) == 2
    assert "overwritten" in capsys.readouterr().err
    assert path.read_text() == text


def test_unwritable_place_is_told_before_the_work(chat, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(chat), "-o", str(chat / "o.csv")]) == 2
    assert "is a file" in capsys.readouterr().err
    assert main(["label", str(chat), "--report", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err


# ---- hostile input: a clear error or a correct result, never a stack trace, never a lost utterance ----


def _label(path, tmp_path, *options: str) -> list[dict]:
    out = tmp_path / "hostile.jsonl"
    assert main(["label", str(path), "-o", str(out), *options]) == 0
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    return [utterance for row in rows for utterance in row["utterances"]]


def _refused(capsys: pytest.CaptureFixture[str], path, *options: str) -> str:
    assert main(["label", str(path), *options]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\0\0\0"])
def test_empty_file(content: bytes, tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.txt"
    path.write_bytes(content)
    assert "empty" in _refused(capsys, path)


def test_one_megabyte_line(tmp_path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("Ana: hi\nBen: " + "word " * 210_000 + "\nAna: bye\n")
    said = _label(path, tmp_path)
    assert [u["speaker"] for u in said] == ["Ana", "Ben", "Ana"]
    assert len(said[1]["text"]) > 1_000_000


def test_five_thousand_utterances(tmp_path) -> None:
    path = tmp_path / "many.txt"
    path.write_text("".join(f"{'AB'[i % 2]}na: line {i}\n" for i in range(5000)))
    assert [u["text"] for u in _label(path, tmp_path)] == [f"line {i}" for i in range(5000)]


def test_lone_speaker(tmp_path) -> None:
    path = tmp_path / "one.txt"
    path.write_text("Ana: first\nAna: second\n")
    assert len(_label(path, tmp_path)) == 2


def test_emoji_survive(tmp_path) -> None:
    path = tmp_path / "emoji.txt"
    path.write_text("Ana 🦊: 😀😀\nBen: 👩‍👩‍👧‍👦 ok\n", encoding="utf-8")
    assert [u["text"] for u in _label(path, tmp_path)] == ["😀😀", "👩‍👩‍👧‍👦 ok"]


def test_nul_bytes_lose_no_utterance(tmp_path) -> None:
    path = tmp_path / "nul.txt"
    path.write_bytes(b"Ana: a\0b\nBen: fine\n")
    assert [u["speaker"] for u in _label(path, tmp_path)] == ["Ana", "Ben"]


def test_wrong_encoding_names_line_and_option(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "latin.txt"
    path.write_bytes("Ana: hello\nBen: caf\xe9\n".encode("cp1252"))
    message = _refused(capsys, path)
    assert f"{path}:2" in message
    assert "--encoding" in message or "encoding" in message
    assert [u["text"] for u in _label(path, tmp_path, "--encoding", "cp1252")] == ["hello", "café"]


def test_csv_without_the_needed_column(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("who,blurb\nAna,hello\nBen,hi\n")
    assert "--columns" in _refused(capsys, path)
    assert [u["text"] for u in _label(path, tmp_path, "--columns", "text=blurb,speaker=who")] == ["hello", "hi"]


def test_gold_labels_of_another_label_set_are_kept(tmp_path) -> None:
    path = tmp_path / "g.jsonl"
    utterance = {"id": "1", "speaker": "A", "text": "hi", "emotion": "nostalgia"}
    path.write_text(json.dumps({"id": "c", "utterances": [utterance]}) + "\n")
    (said,) = _label(path, tmp_path)
    assert said["emotion"] == "nostalgia"
    assert said["predicted"] in ("Joyful", "Mad", "Neutral")


def test_folder_and_missing_file(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "folder" in _refused(capsys, tmp_path)
    assert "no such file" in _refused(capsys, tmp_path / "nowhere.txt")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_unreadable_file(chat, capsys: pytest.CaptureFixture[str]) -> None:
    chat.chmod(0)
    assert "permission" in _refused(capsys, chat).lower()
