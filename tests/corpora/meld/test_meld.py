from __future__ import annotations

from pathlib import Path

import pytest

from erckit.corpora import corpus_statistics, load_corpus
from erckit.errors import CorpusError

HEADER = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
ROWS = (
    '1,"Good morning,\nyou two.",Ann,joy,positive,0,0,2,3,"00:05:00,500","00:05:02,000"\n'
    '2,Go away!,Bob,anger,negative,0,1,2,3,"00:05:02,500","00:05:03,000"\n'
    '3,It rains again.,Ann,neutral,neutral,4,0,2,3,"00:01:00,000","00:01:01,000"\n'
)


def published(folder: Path, split: str, text: str = HEADER + ROWS) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{split}_sent_emo.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_published_csv(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        published(tmp_path, split)
    corpus = load_corpus("meld", tmp_path)
    first, second = corpus.split("dev")
    assert (first.id, second.id) == ("dev_dia0", "dev_dia4")
    one, other = first.utterances
    assert (one.id, one.speaker, one.text, one.label) == ("dev_dia0_utt0", "Ann", "Good morning, you two.", "joy")
    assert (one.start, one.end, one.extra) == (300.5, 302.0, {"sentiment": "positive", "sr_no": 1})
    assert other.label == "anger"
    # the dialogue with the higher number was said earlier in the episode
    assert second.meta["story"] < first.meta["story"] == [2, 3, 300.5, 0]
    assert corpus.protocol("dev").metric == "weighted_f1"
    assert corpus.protocol("dev").remembered_splits == ("train",)
    assert {"All", "Ross and Rachel", "Rachel and Ross", "Guy"} <= corpus.anonymous_speakers


def test_sentiments(tmp_path: Path) -> None:
    published(tmp_path, "train")
    corpus = load_corpus("meld_sentiment", tmp_path)
    first, second = corpus.split("train")
    assert [u.label for u in first.utterances] == ["positive", "negative"]
    assert first.utterances[0].extra == {"sr_no": 1, "emotion": "joy"}
    assert second.utterances[0].label == corpus.label_set.neutral == "neutral"
    published(tmp_path, "train", HEADER + ROWS.replace("positive", "positiv"))
    with pytest.raises(
        CorpusError, match=r"train_sent_emo\.csv.*'train_dia0_utt0'.*'positiv'\. Did you mean 'positive'"
    ):
        load_corpus("meld_sentiment", tmp_path)


def test_a_lone_test_file(tmp_path: Path) -> None:
    published(tmp_path / "down" / "loads", "test")
    corpus = load_corpus("meld", tmp_path)
    assert list(corpus.splits) == ["test"]
    assert len(corpus.split("test")) == 2
    for wanted in ("train", "dev"):
        with pytest.raises(CorpusError, match=rf"'{wanted}' of 'meld' is not here: {wanted}_sent_emo\.csv is not in"):
            corpus.split(wanted)
    with pytest.raises(CorpusError, match=r"'train' of 'meld' is not here"):
        corpus.split("test-dedup")
    assert dict(corpus.variants) == {}
    # what is there is held against the publication, and nothing else is
    assert {mismatch.split for mismatch in corpus_statistics(corpus).mismatches()} == {"test"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER.replace(",Emotion", "") + ROWS, r"dev_sent_emo\.csv:1: the column 'Emotion' is missing \(found: Sr No"),
        (
            HEADER + ROWS.replace("anger", "angre"),
            r"csv:4: there is no emotion 'angre'\. Did you mean 'anger'",
        ),
        (HEADER + ROWS.replace("anger", "NaN"), r"csv:4: the column 'Emotion' holds NaN"),
        (HEADER + ROWS.replace("anger", ""), r"csv:4: the column 'Emotion' holds nothing"),
        (HEADER + ROWS.replace("It rains again.", " "), r"csv:5: the column 'Utterance' holds nothing"),
        (
            HEADER + ROWS.replace("neutral,4,", "neutral,4.5,"),
            r"csv:5: '4\.5' in the column 'Dialogue_ID' is not a whole",
        ),
        (HEADER + ROWS.replace("negative,0,1,2,3", "negative,0,1,2,4"), r"csv:4: dialogue 0 is of season 2, episode 4"),
        (HEADER + ROWS + "4,short\n", r"csv:6: '' in the column 'Dialogue_ID'"),
        (HEADER, "the split 'dev' of 'meld' is empty"),
        ("", "is empty"),
    ],
)
def test_malformed_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    published(tmp_path, "train")
    published(tmp_path, "dev", text)
    with pytest.raises(CorpusError, match=message):
        load_corpus("meld", tmp_path)


def test_layouts_of_the_real_corpus_agree(data: Path) -> None:
    for name in ("meld", "meld_sentiment"):
        uniform, csv = load_corpus(name, data / "meld"), load_corpus(name, data / "raw" / "meld")
        assert uniform.splits == csv.splits
        assert list(uniform.splits) == ["train", "dev"]
