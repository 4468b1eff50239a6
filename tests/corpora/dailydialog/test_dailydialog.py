from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from erckit.corpora import Corpus, load_corpus
from erckit.corpora.dailydialog.dailydialog import DAILYDIALOG
from erckit.corpora.dailydialog.read_dailydialog_zip import read_dailydialog_zip
from erckit.errors import CorpusError

TEXTS = "Hello , Ann . __eou__ Go away ! __eou__\nIs it late ? __eou__ It is . __eou__ Then run . __eou__\n"
EMOTIONS = "4 1 \n0 0 6 \n"
ACTS = "1 3 \n2 1 4 \n"


def archive(
    folder: Path, name: str, texts: str | bytes = TEXTS, emotions: str = EMOTIONS, acts: str | None = ACTS
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}/dialogues_{name}.txt", texts)
        file.writestr(f"{name}/dialogues_emotion_{name}.txt", emotions)
        if acts is not None:
            file.writestr(f"{name}/dialogues_act_{name}.txt", acts)
    return path


@pytest.fixture
def published(tmp_path: Path) -> Path:
    for name in ("train", "validation", "test"):
        archive(tmp_path, name)
    return tmp_path


def test_published_zips(published: Path) -> None:
    corpus = load_corpus("dailydialog", published)
    first, second = corpus.split("dev")
    assert (first.id, second.id) == ("dev_0", "dev_1")
    assert [(u.id, u.speaker, u.text, u.label, u.extra) for u in first.utterances] == [
        ("dev_0_0", "A", "Hello , Ann .", "happiness", {"act": "inform"}),
        ("dev_0_1", "B", "Go away !", "anger", {"act": "directive"}),
    ]
    assert [u.speaker for u in second.utterances] == ["A", "B", "A"]
    assert [u.label for u in second.utterances] == ["no emotion", "no emotion", "surprise"]
    assert corpus.label_set.neutral == "no emotion"
    assert corpus.protocol("test").metric == "micro_f1_no_neutral"
    # roles are nobody: nothing is remembered beyond the conversation
    assert corpus.anonymous_speakers == {"A", "B"}
    assert corpus.protocol("test").remembered_splits == ()


def test_acts(published: Path) -> None:
    corpus = load_corpus("dailydialog_act", published)
    assert [u.label for u in corpus.split("test")[1].utterances] == ["question", "inform", "commissive"]
    assert corpus.split("test")[0].utterances[0].extra == {"emotion": "happiness"}


def test_topics_by_name(published: Path) -> None:
    with pytest.raises(CorpusError, match=r"train\.zip: the topic of conversation 'train_0' is not known\. Put"):
        load_corpus("dailydialog_topic", published)
    for name in ("train", "validation", "test"):
        (published / f"topics_{name}.txt").write_text("Work\nSchool Life\n")
    corpus = load_corpus("dailydialog_topic", published)
    assert [[u.label for u in c.utterances] for c in corpus.split("dev")] == [
        [None, "work"],
        [None, None, "school life"],
    ]
    assert len(corpus.label_set) == 10
    (published / "topics_test.txt").write_text("Work\nSchool\n")
    with pytest.raises(CorpusError, match=r"topics_test\.txt:2: the topic 'school' is not one of"):
        load_corpus("dailydialog_topic", published)
    (published / "topics_test.txt").write_text("Work\n")
    with pytest.raises(CorpusError, match=r"topics_test\.txt: has 1 topics for 2 conversations"):
        load_corpus("dailydialog_topic", published)


def test_topics_by_text(published: Path) -> None:
    first, second = TEXTS.splitlines(keepends=True)
    # the first conversation occurs three times; its most frequent topic is taken, and tokenising does not matter
    (published / "dialogues_text.txt").write_text(first + second + first.replace(" ,", ",") + first)
    (published / "dialogues_topic.txt").write_text("8\n10\n1\n1\n")
    corpus = load_corpus("dailydialog_topic", published)
    assert [c.utterances[-1].label for c in corpus.split("test")] == ["ordinary life", "finance"]
    (published / "dialogues_topic.txt").write_text("8\n11\n1\n1\n")
    with pytest.raises(CorpusError, match=r"dialogues_topic\.txt:2: the topic '11' is not a number from 1 to 10"):
        load_corpus("dailydialog_topic", published)
    (published / "dialogues_topic.txt").write_text("8\n1\n")
    (published / "dialogues_text.txt").write_text(first + first)
    with pytest.raises(CorpusError, match=r"dialogues_text\.txt: lacks conversation 2 of train\.zip"):
        load_corpus("dailydialog_topic", published)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"acts": None}, r"validation\.zip: lacks dialogues_act_validation\.txt \(it holds validation/dialogues_val"),
        ({"emotions": "4 1\n"}, r"validation\.zip: has 2 lines of texts, 1 of emotions and 2 of acts"),
        ({"emotions": "4 1 0\n0 0 6\n"}, r"validation\.txt:1: has 2 utterances, 3 emotions and 2 acts"),
        ({"emotions": "4 1\n0 0 7\n"}, r"validation\.txt:2: emotion '7' is not a number from 0 to 6"),
        ({"emotions": "4 nan\n0 0 0\n"}, r"validation\.txt:1: emotion 'nan' is not a number"),
        ({"acts": "1 3\n0 1 4\n"}, r"validation\.txt:2: act '0' is not a number from 1 to 4"),
        ({"texts": TEXTS.replace("Go away !", " ")}, r"validation\.txt:1: utterance 2 has no text"),
        ({"texts": b"ok __eou__ ok __eou__\n\xff __eou__\n"}, r"dialogues_validation\.txt:2: is not UTF-8"),
        ({"texts": "", "emotions": "", "acts": ""}, "the split 'dev' of 'dailydialog' is empty"),
    ],
)
def test_malformed_archives_are_refused(published: Path, parts: dict[str, str], message: str) -> None:
    archive(published, "validation", **parts)  # type: ignore[arg-type]
    with pytest.raises(CorpusError, match=message):
        load_corpus("dailydialog", published)


def test_a_zip_that_is_none(published: Path) -> None:
    whole = (published / "test.zip").read_bytes()
    damaged = whole.replace(b"Hello", b"Hallo", 1)  # the checksum inside no longer fits
    for content in (b"<html>not found</html>", b"", whole[: len(whole) // 2], damaged):
        (published / "test.zip").write_bytes(content)
        with pytest.raises(CorpusError, match=r"test\.zip: is no zip file that can be read \("):
            load_corpus("dailydialog", published)


def test_the_one_line_with_a_text_too_many(tmp_path: Path) -> None:
    """Its labels fit only if the fifth and sixth text are one turn; any other such line is refused."""
    texts, labels = ["a __eou__ b __eou__"] * 7851, ["0 0"] * 7851
    texts.append(" __eou__ ".join("abcdefg") + " __eou__")
    labels.append("0 0 0 0 4 0")
    acts = "\n".join(label.replace("4", "1").replace("0", "1") for label in labels)
    path = archive(tmp_path, "train", "\n".join(texts), "\n".join(labels), acts)
    last = read_dailydialog_zip(path, DAILYDIALOG.label_set)[7851]
    assert [u.text for u in last.utterances] == ["a", "b", "c", "d", "e f", "g"]
    assert last.utterances[4].label == "happiness"
    (tmp_path / "test.zip").unlink(missing_ok=True)
    path = archive(tmp_path, "test", "\n".join(texts), "\n".join(labels), acts)
    with pytest.raises(CorpusError, match=r"dialogues_test\.txt:7852: has 7 utterances, 6 emotions"):
        read_dailydialog_zip(path, DAILYDIALOG.label_set)


def test_layouts_of_the_real_corpus_agree(real: Callable[[str], Corpus], data: Path) -> None:
    uniform, zips = real("dailydialog"), load_corpus("dailydialog", data / "raw" / "dailydialog")
    assert uniform.splits == zips.splits
    joined = uniform.splits["train"][7851]
    assert (len(joined), joined.utterances[4].text.count("I've been")) == (11, 1)
