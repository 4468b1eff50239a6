from __future__ import annotations

import pytest

from erckit import progress
from erckit.progress import Progress


def test_nothing_for_short_work_and_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet in (False, True):
        with Progress(10, "Encoding", quiet=quiet) as bar:
            for _ in range(10):
                bar.advance()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == ""


def test_a_line_at_most_every_thirty_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with Progress(200, "Training", unit="steps") as bar:
        for _ in range(100):
            now[0] += 1.0
            bar.advance(2, note="loss 1.23")
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "Training: 60/200 steps, 1 min 10 s left, loss 1.23",
        "Training: 120/200 steps, 40 s left, loss 1.23",
        "Training: 180/200 steps, 10 s left, loss 1.23",
        "Training: 200/200 steps, 1 min 40 s, loss 1.23",
    ]


def test_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Progress(None, "Fetching [x]", unit="bytes") as bar:
        bar.set_total(4)
        bar.advance(4, note="done [y]")
    err = capsys.readouterr().err
    assert "Fetching [x]" in err
    assert "4/4" in err
    assert "done [y]" in err
