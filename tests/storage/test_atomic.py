from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from erckit.errors import ModelFolderError
from erckit.storage.atomic import atomic_file, atomic_folder, recover_folder, write_bytes, write_text
from erckit.storage.manifest import verify_manifest


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_is_written_whole_and_parents_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.txt", "é\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"\xc3\xa9\n"
    write_bytes(tmp_path / "a" / "b.txt", b"\x00")
    assert (tmp_path / "a" / "b.txt").read_bytes() == b"\x00"
    assert names(tmp_path / "a") == ["b.txt"]


def test_file_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "x.txt"
    target.write_text("old")

    def fail() -> None:
        with atomic_file(target) as file:
            file.write("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["x.txt"]


def test_file_follows_a_link_and_keeps_permissions(tmp_path: Path) -> None:
    real = tmp_path / "real.txt"
    real.write_text("old")
    real.chmod(0o640)
    (tmp_path / "link.txt").symlink_to(real)
    write_text(tmp_path / "link.txt", "new")
    assert (tmp_path / "link.txt").is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640


def test_what_is_private_is_so_from_its_first_byte(tmp_path: Path) -> None:
    target = tmp_path / "new" / "x.txt"
    target.parent.mkdir()
    target.write_text("old")
    target.chmod(0o644)
    with atomic_file(target, private=True) as file:
        (temporary,) = [path for path in target.parent.iterdir() if path != target]
        assert temporary.stat().st_mode & 0o777 == 0o600
        file.write("new")
    assert target.stat().st_mode & 0o777 == 0o600
    write_text(tmp_path / "a" / "b" / "x.txt", "new", private=True)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("a/b", "a/b/x.txt")]
    assert modes == [0o700, 0o600]


def test_files_of_killed_writers_are_removed_by_the_next(tmp_path: Path) -> None:
    code = """
import os, sys
from erckit.storage.atomic import atomic_file
with atomic_file(sys.argv[1]) as file:
    file.write("half")
    file.flush()
    os._exit(9)
"""
    target = tmp_path / "x[1].txt"
    subprocess.run([sys.executable, "-c", code, str(target)], check=False)
    (half,) = tmp_path.iterdir()
    with atomic_file(target) as file:  # it may belong to another machine, which still writes
        assert half.exists()
        file.write("new")
    alive = tmp_path / f".x[1].txt.tmp-{os.getppid()}-1"
    other = tmp_path / ".y.txt.tmp-1-1"
    for path in (half, alive, other):
        path.touch()
        os.utime(path, (1, 1))
    with atomic_file(target) as file:
        os.utime(next(path for path in tmp_path.iterdir() if f"tmp-{os.getpid()}-" in path.name), (1, 1))
        write_text(target, "another thread, in the middle of it")
        file.write("newest")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([alive.name, other.name, target.name])
    assert target.read_text() == "newest"


def test_appending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="whole files"), atomic_file(tmp_path / "x", "a"):
        pass


def test_folder_is_replaced_whole_with_a_manifest(tmp_path: Path) -> None:
    for content in ("one", "two"):
        with atomic_folder(tmp_path / "model") as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / "a.txt").write_text(content)
    assert names(tmp_path) == ["model"]
    assert (tmp_path / "model" / "sub" / "a.txt").read_text() == "two"
    assert verify_manifest(tmp_path / "model") == ("sub/a.txt",)


def test_folder_error_leaves_the_old_folder(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "a.txt").write_text("old")

    def fail() -> None:
        with atomic_folder(tmp_path / "model") as folder:
            (folder / "a.txt").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert names(tmp_path) == ["model"]
    assert (tmp_path / "model" / "a.txt").read_text() == "old"


def test_folder_with_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    with pytest.raises(ModelFolderError, match="symbolic link"), atomic_folder(tmp_path / "model") as folder:
        (folder / "a.txt").symlink_to(tmp_path / "secret")
    assert not (tmp_path / "model").exists()


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_killed_between_the_renames_the_new_folder_is_recovered(tmp_path: Path) -> None:
    pid = dead_pid()
    for content, kind in (("old", "old"), ("new", "tmp")):
        with atomic_folder(tmp_path / "model") as folder:
            (folder / "a.txt").write_text(content)
        os.rename(tmp_path / "model", tmp_path / f"model.{kind}-{pid}")
    assert recover_folder(tmp_path / "model")
    assert (tmp_path / "model" / "a.txt").read_text() == "new"
    assert not recover_folder(tmp_path / "model")


@pytest.mark.process
def test_half_a_new_folder_is_never_recovered(tmp_path: Path) -> None:
    pid = dead_pid()
    half = tmp_path / f"model.tmp-{pid}"
    half.mkdir()
    (half / "a.txt").write_text("half")
    assert not recover_folder(tmp_path / "model")
    old = tmp_path / f"model.old-{pid}"
    old.mkdir()
    (old / "a.txt").write_text("old")
    assert recover_folder(tmp_path / "model")
    assert (tmp_path / "model" / "a.txt").read_text() == "old"


@pytest.mark.process
def test_leftovers_of_killed_writers_are_cleaned_up(tmp_path: Path) -> None:
    (tmp_path / f"model.tmp-{dead_pid()}").mkdir()
    (tmp_path / f"model.tmp-{os.getppid()}").mkdir()  # still running: not ours to delete
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "a.txt").write_text("x")
    assert names(tmp_path) == ["model", f"model.tmp-{os.getppid()}"]


KILLED = """
import os, sys
from pathlib import Path
from erckit.storage import atomic
target, calls = Path(sys.argv[1]), int(sys.argv[2])
def counted(name):
    real = getattr(os, name)
    def call(*args, **kwargs):
        global calls
        if calls == 0:
            os.kill(os.getpid(), 9)
        calls -= 1
        return real(*args, **kwargs)
    setattr(os, name, call)
for name in ("rename", "replace", "fsync", "mkdir"):
    counted(name)
with atomic.atomic_folder(target) as folder:
    (folder / "a.txt").write_text("new")
    (folder / "b.txt").write_text("new")
print("done")
"""


@pytest.mark.process
def test_kill_at_every_step_leaves_old_or_new(tmp_path: Path) -> None:
    seen = set()
    for step in range(40):
        target = tmp_path / str(step) / "model"
        with atomic_folder(target) as folder:
            for name in ("a.txt", "b.txt"):
                (folder / name).write_text("old")
        done = subprocess.run([sys.executable, "-c", KILLED, str(target), str(step)], capture_output=True, check=False)
        recover_folder(target)
        verify_manifest(target)
        contents = {(target / name).read_text() for name in ("a.txt", "b.txt")}
        assert len(contents) == 1
        seen |= contents
        if done.stdout:
            assert done.returncode == 0
            assert contents == {"new"}
            break
        assert done.returncode == -9, done.stderr
    else:
        pytest.fail("the writer never came to its end")
    assert seen == {"old", "new"}
