"""Answers on disk: cut lines, several processes, and what makes two requests the same."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from erckit.prompting.engines.answer_cache import AnnotationCache
from erckit.prompting.engines.request import Request

ASKED = Request("test/1", "Be brief.", "hello", 20, str)


def test_found_again_by_another_process(cache_path: Path) -> None:
    AnnotationCache(cache_path, "m").add(ASKED, "hi \u2028 \ud83d 'there'\n")
    assert AnnotationCache(cache_path, "m").get(ASKED) == "hi \u2028 \ud83d 'there'\n"
    assert cache_path.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("change", [{"kind": "test/2"}, {"system": "Be long."}, {"user": "hello "}, {"max_tokens": 21}])
def test_another_question_is_not_found(cache_path: Path, change: dict[str, object]) -> None:
    cache = AnnotationCache(cache_path, "m")
    cache.add(ASKED, "hi")
    assert cache.get(replace(ASKED, **change)) is None  # type: ignore[arg-type]
    assert AnnotationCache(cache_path, "n").get(ASKED) is None


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_cut_line_costs_that_line_only(cache_path: Path, cut: int) -> None:
    cache = AnnotationCache(cache_path, "m")
    other, third = replace(ASKED, user="2"), replace(ASKED, user="3")
    cache.add(ASKED, "one")
    cache.add(other, "two")
    cache_path.write_bytes(cache_path.read_bytes()[:-cut])
    after = AnnotationCache(cache_path, "m")
    assert (after.get(ASKED), after.get(other)) == ("one", None)
    after.add(third, "three")
    last = AnnotationCache(cache_path, "m")
    assert (last.get(ASKED), last.get(third)) == ("one", "three")
    assert last.get(other) in (None, "two")  # cut by its line end alone, it is whole again


def test_the_first_answer_stays(cache_path: Path) -> None:
    one, two = AnnotationCache(cache_path, "m"), AnnotationCache(cache_path, "m")
    one.add(ASKED, "first")
    two.add(ASKED, "second")
    assert AnnotationCache(cache_path, "m").get(ASKED) == "first"


def test_nonsense_lines_are_passed_over(cache_path: Path) -> None:
    cache_path.parent.mkdir(parents=True)
    cache_path.write_bytes(b'\xff\xfe\n[]\n7\n{"key": "x"}\n{"key": "x", "text": 3}\nnull\n\n')
    cache = AnnotationCache(cache_path, "m")
    assert len(cache) == 0
    cache.add(ASKED, "hi")
    assert AnnotationCache(cache_path, "m").get(ASKED) == "hi"


@pytest.mark.process
def test_processes_write_beside_each_other(cache_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from erckit.prompting.engines.answer_cache import AnnotationCache\n"
        "from erckit.prompting.engines.request import Request\n"
        "cache = AnnotationCache(Path(sys.argv[1]), 'm')\n"
        "for i in range(40):\n"
        "    cache.add(Request('k/1', 's', f'{sys.argv[2]} {i}', 5, str), 'x' * 3000)\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(cache_path), str(p)]) for p in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    cache = AnnotationCache(cache_path, "m")
    assert len(cache) == 120
    assert all(cache.get(Request("k/1", "s", f"{p} {i}", 5, str)) for p in range(3) for i in range(40))
