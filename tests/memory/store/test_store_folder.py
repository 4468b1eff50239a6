"""The folder of a store: version, salt, settings and the lock."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest

from erckit.cli.main import main
from erckit.errors import SpeakerMemoryError
from erckit.memory.store import store_folder
from erckit.memory.store.migrate_store import migrate_store
from erckit.memory.store.store_folder import StoreFolder


def _change(folder: Path, **values: object) -> None:
    path = folder / "memory.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_new_folder_gets_its_own_salt_and_is_private(tmp_path: Path) -> None:
    one, two = StoreFolder(tmp_path / "a" / "one"), StoreFolder(tmp_path / "two")
    assert len(one.settings().salt) == 32
    assert one.settings().salt != two.settings().salt
    assert StoreFolder(tmp_path / "two").settings() == two.settings()
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "two").stat().st_mode) == 0o700


@pytest.mark.parametrize("version", [0, 2, "1", None, True, [1]])
def test_another_version_is_refused_with_a_command_that_exists(
    tmp_path: Path, version: object, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "m"
    StoreFolder(folder)
    _change(folder, version=version)
    with pytest.raises(SpeakerMemoryError, match="Run: erckit memory migrate") as refused:
        StoreFolder(folder)
    command = str(refused.value).partition("Run: erckit ")[2].replace("'", "").split()
    assert main(command) == 1
    assert "no way is known" in capsys.readouterr().err
    assert main(["memory", "stats", "--memory", str(folder)]) == 1


def test_migrating_the_newest_does_nothing(tmp_path: Path) -> None:
    settings = StoreFolder(tmp_path / "m").settings()
    assert "nothing to do" in migrate_store(tmp_path / "m")
    assert StoreFolder(tmp_path / "m").settings() == settings
    with pytest.raises(SpeakerMemoryError, match="no speaker memory"):
        migrate_store(tmp_path)


def test_a_version_that_changes_while_it_is_open(tmp_path: Path) -> None:
    folder = StoreFolder(tmp_path / "m")
    folder.settings()
    _change(tmp_path / "m", version=2)
    with pytest.raises(SpeakerMemoryError, match="version 2"):
        folder.settings()


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"format": "x"}', "[" * 100_000, "\udcff"],
    ids=["empty", "half", "list", "nothing", "other", "deep", "bytes"],
)
def test_broken_settings_are_told(tmp_path: Path, content: str) -> None:
    StoreFolder(tmp_path / "m")
    (tmp_path / "m" / "memory.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(SpeakerMemoryError, match=r"memory\.json: is not the settings"):
        StoreFolder(tmp_path / "m")


@pytest.mark.parametrize(
    "values", [{"salt": "12"}, {"salt": None}, {"table": "../../etc"}, {"table": "utterances-"}, {"keeps_text": 1}]
)
def test_settings_that_lack_something_are_told(tmp_path: Path, values: dict[str, object]) -> None:
    StoreFolder(tmp_path / "m")
    _change(tmp_path / "m", **values)
    with pytest.raises(SpeakerMemoryError, match="backup"):
        StoreFolder(tmp_path / "m")


def test_other_places_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SpeakerMemoryError, match=r"holds other things \(notes.txt\)"):
        StoreFolder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    with pytest.raises(SpeakerMemoryError, match="is a file"):
        StoreFolder(tmp_path / "notes.txt")
    with pytest.raises(SpeakerMemoryError, match=r"is a file|cannot be made"):
        StoreFolder(tmp_path / "notes.txt" / "m")


def test_a_store_killed_at_its_very_beginning_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "write.lock").touch()
    (tmp_path / ".memory.json.tmp-1-2").write_text("half")
    assert StoreFolder(tmp_path).settings().keeps_text


def test_the_first_writer_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    with StoreFolder(tmp_path / "m").writing():
        pass
    settings = tmp_path / "m" / ".memory.json.tmp-1-2"
    biography = tmp_path / "m" / "biographies" / "ab" / ".abc.json.tmp-1-2"
    link, outside = tmp_path / "m" / "utterances-99.lance", tmp_path / "outside"
    for folder in (biography.parent, outside):
        folder.mkdir(parents=True)
    for path in (settings, biography, outside / "mine.txt"):
        path.write_text("half")
    link.symlink_to(outside, target_is_directory=True)
    with StoreFolder(tmp_path / "m").writing():
        assert not any(path.is_symlink() or path.exists() for path in (settings, biography, link))
    assert (outside / "mine.txt").read_text() == "half"


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_settings_are_private_and_an_open_folder_is_told(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    StoreFolder(tmp_path / "m")
    assert stat.S_IMODE((tmp_path / "m" / "memory.json").stat().st_mode) == 0o600
    assert not recwarn
    (tmp_path / "m").chmod(0o755)
    with pytest.warns(UserWarning, match=r"read by other users of this machine \(mode 755\). Run: chmod 700"):
        StoreFolder(tmp_path / "m")


def test_writers_wait_for_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = StoreFolder(tmp_path / "m")
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with StoreFolder(tmp_path / "m").writing():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    monkeypatch.setattr(store_folder, "_LOCK_SECONDS", 0.05)
    with folder.writing(), pytest.raises(SpeakerMemoryError, match="another process"), folder.writing():
        pass


def test_many_that_open_a_new_folder_at_once_agree(tmp_path: Path) -> None:
    salts: list[bytes] = []
    start = threading.Barrier(6)

    def work() -> None:
        start.wait()
        salts.append(StoreFolder(tmp_path / "m").settings().salt)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(salts) == 6
    assert len(set(salts)) == 1
