"""The store on disk: what stays, what goes, and what other processes see."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("lancedb", reason="the extra 'memory' is not installed")

from erckit.errors import SpeakerMemoryError
from erckit.memory.biography import Biography
from erckit.memory.remembered import Remembered
from erckit.memory.store import utterance_table
from erckit.memory.store.lance_store import LanceStore
from erckit.memory.store.store_folder import StoreFolder

Row = Callable[..., Remembered]

APPENDER = """
import sys
from erckit.memory.store.lance_store import LanceStore
from erckit.memory.remembered import Remembered
folder, speaker, batches, size = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = LanceStore(folder)
print("ready", flush=True)
sys.stdin.readline()
for batch in range(batches):
    ids = [f"{batch}-{i}" for i in range(size)]
    rows = [Remembered(speaker, "c", number, float(batch), f"text {number}", [0.5] * 64) for number in ids]
    store.append(rows)
    print(batch, flush=True)
"""
READER = """
import sys
from erckit.memory.store.lance_store import LanceStore
store = LanceStore(sys.argv[1])
print("ready", flush=True)
seen = reads = 0
while True:
    ben, ana = store.last(["Ben", "Ana"], 1000)
    assert [row.utterance for row in ben] == [f"b{i}" for i in range(30)], ben
    assert all(row.speaker == "Ana" for row in ana)
    assert sum(1 for row in store.export()) >= 30
    reads += 1
    if reads % 5 == 0:
        print(len(ana), flush=True)
"""


def _child(code: str, *arguments: object) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def _lines(child: subprocess.Popen[str]) -> Iterator[str]:
    assert child.stdout is not None
    for line in child.stdout:
        yield line.strip()


def _wait_until_ready(child: subprocess.Popen[str]) -> None:
    assert next(_lines(child), None) == "ready", child.stderr and child.stderr.read()


def _start(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def _end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


def _files_with(folder: Path, *pieces: str) -> set[str]:
    """Files that hold one of the pieces, in their bytes or in their names."""
    found = set()
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        for piece in pieces:
            if piece.encode() in content or piece.encode("utf-16-le") in content or piece in path.name:
                found.add(str(path.relative_to(folder)))
    return found


def _secret() -> str:
    return f"secret-{uuid.uuid4().hex}"


def test_it_lasts_and_is_shared(tmp_path: Path, row: Row) -> None:
    one = LanceStore(tmp_path / "m")
    one.append([row("Ana", 1)])
    one.set_biography("Ana", Biography("Warm.", "h", "me", 1.0))
    other = LanceStore(str(tmp_path / "m"))
    assert other.last(["Ana"], 5) == [[row("Ana", 1)]]
    assert other.biography("Ana") == Biography("Warm.", "h", "me", 1.0)
    other.append([row("Ana", 2)])
    assert [one.utterance for one in one.last(["Ana"], 5)[0]] == ["u1", "u2"]
    other.compact()
    assert len(one.last(["Ana"], 5)[0]) == 2
    other.forget("Ana")
    assert one.last(["Ana"], 5) == [[]]
    one.append([row("Ana", 3)])
    assert [one.utterance for one in other.last(["Ana"], 5)[0]] == ["u3"]


@pytest.mark.parametrize("compacted", [False, True])
def test_forget_leaves_no_byte(tmp_path: Path, row: Row, compacted: bool) -> None:
    folder = tmp_path / "m"
    store = LanceStore(folder)
    name, kept = _secret(), _secret()
    secrets = [_secret() for _ in range(12)]
    for number, secret in enumerate(secrets):
        store.append([row(name, number, text=secret), row("Ben", number, text=f"{kept} {number}")])
    if compacted:
        store.compact()
        store.append([row(name, 99, text=secrets[0]), row("Ben", 99, text="more")])
    old, new = _secret(), _secret()
    store.set_biography(name, Biography(old))
    store.set_biography(name, Biography(new))
    assert all(_files_with(folder, secret) for secret in (*secrets, new))  # else the search could find nothing anyway
    assert not _files_with(folder, name)
    before = {path for path in folder.rglob("*.lance") if path.is_file()}
    assert store.forget(name) == 12 + compacted
    assert _files_with(folder, *secrets, old, new, name) == set()
    assert _files_with(folder, kept)
    # Text might lie compressed in a file, where no search finds it: none of the old files is there any more.
    assert before & set(folder.rglob("*.lance")) == set()
    assert len(store.last(["Ben"], 99)[0]) == 12 + compacted
    store.append([row(name, 1, text="again")])
    assert [one.text for one in store.last([name], 9)[0]] == ["again"]


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_every_file_is_the_owners_alone(tmp_path: Path, row: Row) -> None:
    store = LanceStore(tmp_path / "m")
    store.append([row("Ana", 1)])
    store.append([row("Ben", 2)])
    store.set_biography("Ana", Biography("Warm.", "abc", "smollm2", 1.0))
    store.compact()
    empty = ("write.lock", "latest_version_hint.json")  # they say nothing of anybody
    files = [path for path in (tmp_path / "m").rglob("*") if path.is_file() and path.name not in empty]
    assert len(files) > 3
    assert {path.name: path.stat().st_mode & 0o077 for path in files if path.stat().st_mode & 0o077} == {}
    assert (tmp_path / "m").stat().st_mode & 0o777 == 0o700


def test_forget_removes_what_killed_writers_left(tmp_path: Path, row: Row) -> None:
    folder = tmp_path / "m"
    store = LanceStore(folder)
    store.append([row("Ana", 1), row("Ben", 2)])
    secret = _secret()
    key = {one.text: one.speaker for one in store.export()}[row("Ana", 1).text]
    store.set_biography("Ana", Biography("x"))
    (folder / "biographies" / key[:2] / f".{key}.json.tmp-1-1").write_text(secret)
    (folder / "utterances-1.lance" / "data" / "0101.lance").write_text(secret)
    (folder / "utterances-2.lance").mkdir()
    (folder / "utterances-2.lance" / "half").write_text(secret)
    assert len(_files_with(folder, secret)) == 3
    assert store.forget("Ana") == 1
    assert _files_with(folder, secret) == set()
    (folder / "utterances-3.lance").mkdir()
    (folder / "utterances-3.lance" / "half").write_text(secret)
    table = next(folder.glob("utterances-*.lance/data"))
    (table / "0101.lance").write_text(secret)
    assert store.forget("Zoe") == 0  # nothing is known of her, and yet
    assert _files_with(folder, secret) == set()
    assert len(store.last(["Ben"], 5)[0]) == 1


def test_forget_that_dies_on_the_way(tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "m"
    store = LanceStore(folder)
    secret = _secret()
    store.append([row("Ana", 1, text=secret), row("Ben", 2)])

    def die(self: StoreFolder, name: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StoreFolder, "use_table", die)
        with pytest.raises(KeyboardInterrupt):
            store.forget("Ana")
    assert len(store.last(["Ana"], 5)[0]) == 1  # still there, as nobody was told otherwise
    with monkeypatch.context() as patch:
        # Settings were swapped, then it dies, or something holds the old files.
        patch.setattr("erckit.memory.store.store_folder.shutil.rmtree", lambda path, **_: None)
        with pytest.raises(SpeakerMemoryError, match=r"cannot be removed.*erckit memory compact"):
            store.forget("Ana")
    assert store.last(["Ana"], 5) == [[]]
    assert _files_with(folder, secret)
    LanceStore(folder).append([row("Ben", 3)])
    assert _files_with(folder, secret) == set()


def test_no_file_holds_a_name(tmp_path: Path, row: Row) -> None:
    store = LanceStore(tmp_path / "m")
    name = _secret()
    store.append([row(name, 1, text="hello")])
    store.set_biography(name, Biography("Kind."))
    store.compact()
    assert _files_with(tmp_path / "m", name) == set()


def test_no_file_holds_a_text_where_none_is_kept(tmp_path: Path, row: Row) -> None:
    store = LanceStore(tmp_path / "m", keeps_text=False)
    secret = _secret()
    store.append([row("Ana", 1, text=secret)])
    store.set_biography("Ana", Biography(secret))
    assert _files_with(tmp_path / "m", secret) == set()
    assert LanceStore(tmp_path / "m").keeps_text is False
    with pytest.raises(SpeakerMemoryError, match="keeps no texts"):
        LanceStore(tmp_path / "m", keeps_text=True)


@pytest.mark.process
def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    batches, size = 12, 3
    children = [_child(APPENDER, tmp_path / "m", speaker, batches, size) for speaker in ("Ana", "Ben")]
    for child in children:
        _wait_until_ready(child)
    for child in children:
        _start(child)
    for child in children:
        _, error = child.communicate(timeout=120)
        assert child.returncode == 0, error
    rows = LanceStore(tmp_path / "m").last(["Ana", "Ben"], 10_000)
    wanted = [f"{batch}-{i}" for batch in range(batches) for i in range(size)]
    assert [[one.utterance for one in speaker] for speaker in rows] == [wanted, wanted]


@pytest.mark.process
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, seed: int) -> None:
    child = _child(APPENDER, tmp_path / "m", "Ana", 10_000, 50)
    _wait_until_ready(child)
    _start(child)
    lines = _lines(child)
    for _ in range(3):
        next(lines)
    time.sleep(random.Random(seed).uniform(0.0, 0.3))
    child.send_signal(signal.SIGKILL)
    acknowledged = 2
    for line in lines:
        acknowledged = int(line)
    child.communicate()
    store = LanceStore(tmp_path / "m")
    (rows,) = store.last(["Ana"], 10**6)
    there = [one.utterance for one in rows]
    wanted = [f"{batch}-{i}" for batch in range(acknowledged + 1) for i in range(50)]
    assert there[: len(wanted)] == wanted
    assert len(there) in (len(wanted), len(wanted) + 50)  # one batch may be in that nobody heard of, whole
    store.append([Remembered("Ana", "c", "after", 1e9)])
    assert store.last(["Ana"], 1)[0][0].utterance == "after"


@pytest.mark.process
def test_forget_and_compact_while_another_process_reads(tmp_path: Path, row: Row) -> None:
    folder = tmp_path / "m"
    store = LanceStore(folder)
    store.append([_ben(i) for i in range(30)])
    reader = _child(READER, folder)
    _wait_until_ready(reader)
    lines = _lines(reader)
    secrets = []
    for number in range(6):
        secret = _secret()
        secrets.append(secret)
        store.append([row("Ana", number, text=secret)])
        assert int(next(lines)) in (0, 1)
        if number % 2:
            store.compact()
        assert store.forget("Ana") == 1
        assert _files_with(folder, *secrets) == set()
    assert reader.poll() is None, reader.stderr and reader.stderr.read()
    int(next(lines))
    _end(reader)


def _ben(number: int) -> Remembered:
    return Remembered("Ben", "c", f"b{number}", float(number), "kept")


def test_an_export_survives_a_rewrite_on_the_way(tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("erckit.memory.store.lance_store._EXPORT_ROWS", 4)
    store = LanceStore(tmp_path / "m")
    store.append([row("Ben" if number % 2 else "Ana", number) for number in range(20)])
    found = store.export()
    ids = [next(found).utterance for _ in range(5)]
    LanceStore(tmp_path / "m").forget("Ana")
    ids += [one.utterance for one in found]
    assert ids[:5] == ["u0", "u1", "u2", "u3", "u4"]
    assert ids[-1] == "u19"
    assert {f"u{number}" for number in range(1, 20, 2)} <= set(ids)
    assert len(ids) == len(set(ids)) <= 14


def test_many_small_appends_stay_few_files(tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(utterance_table, "_COMPACT_FILES", 6)
    monkeypatch.setattr(utterance_table, "_INDEX_EVERY_FILES", 3)
    store = LanceStore(tmp_path / "m")
    for number in range(20):
        store.append([row("Ana", number)])
        assert store.stats().fragments <= 6
        assert len(list((tmp_path / "m").rglob("*.lance"))) < 20
    assert [one.utterance for one in store.last(["Ana"], 99)[0]] == [f"u{number}" for number in range(20)]
    before = store.stats()
    store.compact()
    assert store.stats().fragments == 1
    assert store.stats().bytes < before.bytes


def test_lance_missing_is_told(tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LanceStore(tmp_path / "m")
    monkeypatch.setitem(sys.modules, "lancedb", None)
    with pytest.raises(SpeakerMemoryError, match=r"pip install 'erckit\[memory\]'"):
        store.append([row("Ana", 1)])


def test_a_broken_table_is_told_without_a_trace(tmp_path: Path, row: Row) -> None:
    store = LanceStore(tmp_path / "m")
    store.append([row("Ana", 1)])
    for path in (tmp_path / "m").rglob("data/*.lance"):
        path.write_bytes(b"rubbish")
    with pytest.raises(SpeakerMemoryError, match=r"cannot be read .*backup"):
        LanceStore(tmp_path / "m").last(["Ana"], 1)
