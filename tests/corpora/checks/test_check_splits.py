from __future__ import annotations

from pathlib import Path

import pytest

from erckit.conversation import Conversation, Utterance
from erckit.corpora.checks.check_splits import check_splits
from erckit.errors import CorpusError

FILES = {"train": Path("a/train.csv"), "dev": Path("a/dev.csv")}


def one(identifier: str, text: str = "hi", label: str | None = "x") -> Conversation:
    return Conversation(identifier, (Utterance("u1", "A", text, label), Utterance("u2", "A", "yes", "x")))


def test_good_splits_pass() -> None:
    check_splits("toy", {"train": (one("a"),), "dev": (one("b"),)}, FILES)
    check_splits("toy", {"train": (one("a"),), "dev": (one("b", label=None),)}, FILES, has_unlabelled=True)


@pytest.mark.parametrize(
    ("dev", "message"),
    [
        ((), r"a/dev\.csv: the split 'dev' of 'toy' is empty\. Mend the file, or get"),
        ((one("b"), one("a")), r"a/dev\.csv: conversation 'a' is in 'dev' and in 'train' \(a/train\.csv\)"),
        ((one("b"), one("b")), r"a/dev\.csv: conversation 'b' is twice in 'dev'"),
        ((one("b", text=" "),), r"a/dev\.csv: utterance 'u1' of 'b' has no text"),
        ((one("b", label=None),), r"a/dev\.csv: utterance 'u1' of 'b' has no gold label"),
    ],
)
def test_bad_splits_are_refused(dev: tuple[Conversation, ...], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        check_splits("toy", {"train": (one("a"),), "dev": dev}, FILES)


def test_a_split_without_any_label_is_refused() -> None:
    bare = Conversation("b", (Utterance("u", "A", "hi"),))
    with pytest.raises(CorpusError, match="no utterance of the split 'dev' of 'toy' has a gold label"):
        check_splits("toy", {"train": (one("a"),), "dev": (bare,)}, FILES, has_unlabelled=True)


def test_a_line_of_jsonl_is_named(tmp_path: Path) -> None:
    path = tmp_path / "dev.jsonl"
    path.write_text("{}\n\n{}\n")
    with pytest.raises(CorpusError, match=r"dev\.jsonl:3: utterance 'u1' of 'c' has no text\. Do this"):
        check_splits("toy", {"dev": (one("b"), one("c", text=""))}, {"dev": path}, fix="Do this.")
