"""What two corpora share: found under other ids, and given as the list that a recipe leaves out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from erckit.cli.main import main
from erckit.conversation import Conversation, Utterance
from erckit.corpora import Corpus
from erckit.corpora.checks.corpora_in_common import find_shared_texts

RECIPES = Path(__file__).resolve().parents[3] / "recipes"
_LONG = ("one is as long as this", "two is as long as this", "three is as long as this", "four is as long as that")


@pytest.fixture
def corpora(tiny_corpus: Any) -> tuple[Corpus, Corpus]:
    def conversation(name: str, texts: tuple[str, ...]) -> Conversation:
        return Conversation(name, tuple(Utterance(f"u{n}", "Ann", text, "Glad") for n, text in enumerate(texts)))

    ours = {
        "train": (
            conversation("a1", (_LONG[0], "short", _LONG[1])),  # two longer lines, two thirds of them there
            conversation("a2", (_LONG[0], "well")),  # one only
            conversation("a3", tuple(text.upper() + "!" for text in _LONG[2:])),  # verbatim but for signs
            conversation("a4", (*_LONG[:2], *(f"no line of theirs, number {n}" for n in range(5)))),  # less than half
        )
    }
    theirs = {
        "dev": (conversation("b1", _LONG[:2]), conversation("b2", _LONG[2:])),
        "test": (conversation("b3", ("x",)),),
    }
    return replace(tiny_corpus, splits=ours), replace(tiny_corpus, name="other", splits=theirs)


def test_shared_conversations(corpora: tuple[Corpus, Corpus]) -> None:
    found = find_shared_texts(*corpora)
    assert found.leave_out == ("a1", "a3", "a4")
    assert [(one.place, one.other, one.shared, one.whole) for one in found.conversations] == [
        ("train/a3", "dev/b2", 2, True),
        ("train/a1", "dev/b1", 2, False),
        ("train/a4", "dev/b1", 2, False),
    ]
    (split,) = found.splits
    assert (split.whole, split.half, split.few, split.texts, split.texts_shared) == (1, 2, 3, 12, 7)
    assert find_shared_texts(*corpora, "test").leave_out == ()


def test_the_printed_list_is_one_that_a_recipe_takes(corpora: tuple[Corpus, Corpus]) -> None:
    lines = find_shared_texts(*corpora).lines()
    printed = yaml.safe_load("\n".join(lines[lines.index("leave_out: [") :]))
    assert printed == {"leave_out": ["a1", "a3", "a4"]}


def test_the_list_of_the_everyday_recipe(
    real: Callable[[str], Corpus], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("emorynlp", "meld"):
        real(name)
    recipe = yaml.safe_load((RECIPES / "emonet" / "everyday.yaml").read_text())
    path = tmp_path / "shared.json"
    assert main(["corpora", "check", "emorynlp", "--against", "meld/dev", "--json", str(path)]) in (0, None)
    out = capsys.readouterr().out
    assert yaml.safe_load(out[out.index("leave_out: [") :])["leave_out"] == sorted(recipe["leave_out"])
    assert json.loads(path.read_text())["leave_out"] == sorted(recipe["leave_out"])


def test_published_overlap_of_the_two_annotations_of_friends(real: Callable[[str], Corpus]) -> None:
    meld = real("meld")
    found = find_shared_texts(real("emorynlp"), meld, "train")
    test = next(split for split in found.splits if split.split == "test")
    assert (test.half, test.conversations) == (18, 85)
    if "test" not in meld.splits:
        pytest.skip("needs MELD's test split for the rest of the table")
    back = find_shared_texts(meld, real("emorynlp"), "train")
    assert next((split.half, split.conversations) for split in back.splits if split.split == "test") == (63, 280)
