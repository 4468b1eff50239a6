"""EmpatheticDialogues: somebody tells of a situation in which they felt one of 32 emotions, and somebody listens.

Rashkin et al., "Towards Empathetic Open-domain Conversation Models: A New Benchmark and Dataset", 2019.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.formats.corpus_text import corpus_text
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.errors import CorpusError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.clean_text import clean_text
from erckit.readers.source import BadConversationError

EMOTION_WORDS = (
    "afraid", "angry", "annoyed", "anticipating", "anxious", "apprehensive", "ashamed", "caring", "confident",
    "content", "devastated", "disappointed", "disgusted", "embarrassed", "excited", "faithful", "furious", "grateful",
    "guilty", "hopeful", "impressed", "jealous", "joyful", "lonely", "nostalgic", "prepared", "proud", "sad",
    "sentimental", "surprised", "terrified", "trusting",
)  # fmt: skip
_LISTS = {"dev": "fixed_valid.csv", "test": "fixed_test.csv"}
_FOLDER = "empatheticdialogues_unannotated"


def read_empathetic_dialogues(path: Path, label_set: LabelSet) -> dict[str, tuple[Conversation, ...]]:
    """Conversations of one csv file per emotion, in splits by two lists of ids and in the order of their ids.

    The one label of a conversation is that of its first turn, which is the speaker's; the other turns have none.
    ``meta`` has the emotion and the situation that the speaker wrote down beforehand.

    Args:
        path: ``fixed_valid.csv``. ``fixed_test.csv`` lies beside it, and so do the files of the emotions, or in a
            folder of their own.
        label_set: The 32 emotions.

    Raises:
        CorpusError: A file is not there or does not have that layout.
    """
    split_of = {name: split for split, file in _LISTS.items() for name in _listed(path.with_name(file))}
    conversations = [one for label in label_set.labels for one in _of_an_emotion(path.parent, label, label_set)]
    conversations.sort(key=lambda one: [int(number) for number in re.findall(r"[0-9]+", one.id)])
    splits: dict[str, list[Conversation]] = {split: [] for split in SPLITS}
    for one in conversations:
        splits[split_of.get(one.id, "train")].append(one)
    return {split: tuple(found) for split, found in splits.items()}


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The named cells of every row of a csv file."""
    number = 0
    try:
        for number, row in enumerate(csv.DictReader(io.StringIO(corpus_text(path), newline="")), start=1):
            cells = tuple(row.get(column) for column in columns)
            if None in cells:
                raise CorpusError(f"{path}: row {number} has no '{columns[cells.index(None)]}'. Get the file again.")
            yield tuple(map(str, cells))
    except csv.Error as error:
        raise CorpusError(f"{path}: cannot be read after row {number} ({error}). Get the file again.") from None


def _listed(path: Path) -> set[str]:
    """Ids of the conversations of a split."""
    return {name for (name,) in _rows(path, ("conv_id",))}


def _of_an_emotion(folder: Path, emotion: str, label_set: LabelSet) -> Iterator[Conversation]:
    beside = folder / f"{emotion}.csv"
    path = beside if beside.is_file() else folder / _FOLDER / beside.name
    situations: dict[str, str] = {}
    turns: dict[str, list[RawUtterance]] = {}
    for name, kind, actor, text in _rows(path, ("Dialog_ID", "Type", "Actor", "Text")):
        said = turns.setdefault(name, [])
        if kind == "situation":
            situations[name] = clean_text(text)
        else:
            identifier = f"{name.removeprefix('hit:').replace('_conv:', ':')}_{len(said) + 1}"
            label = None if said else emotion
            said.append(RawUtterance(text=text, speaker=actor, id=identifier, label=label))
    for name, said in turns.items():
        meta = {"emotion": emotion, "situation": situations.get(name, "")}
        try:
            yield build_conversation(name, said, meta, label_set, Counter())
        except BadConversationError as error:
            raise CorpusError(f"{path}: conversation '{name}': {error}. Get the file again.") from None


# Counted on the pinned files; the lists of dev and test have one conversation more each, which has no text.
_COUNTS = {
    "train": (19541, 84204, (
        634, 695, 667, 606, 614, 462, 493, 527, 616, 576, 569, 598, 619, 572, 750, 377, 615, 645, 622, 619, 621,
        585, 602, 641, 599, 592, 686, 667, 525, 1003, 629, 515,
    )),
    "dev": (2769, 12074, (
        90, 84, 118, 75, 82, 75, 70, 76, 94, 85, 76, 91, 82, 96, 97, 51, 76, 75, 71, 81, 103, 90, 85, 95, 83,
        97, 85, 102, 82, 148, 82, 72,
    )),
    "test": (2546, 10969, (
        73, 84, 91, 73, 77, 71, 65, 80, 75, 76, 67, 81, 86, 81, 91, 50, 67, 95, 67, 81, 81, 82, 83, 78, 77, 77,
        96, 88, 91, 127, 71, 64,
    )),
}  # fmt: skip
_TEXTS = "https://raw.githubusercontent.com/anuradha1992/EmpatheticIntents/0f7e51ac3796d5cd595c688489de2fea22c75041/"
_SPLITS = (
    "https://raw.githubusercontent.com/ChaShaoAn/Empathetic_Dialogues_emotion_classificaition/"
    "c05c98829f0fc3748e1d061023ec1315057f929c/data/"
)
_CHECKSUMS = {
    "afraid.csv": "06080d5b306d592882a91a95f960b7828b3003818e17743bb82bce83ef399e17",
    "angry.csv": "25a1f9de3162ea943e8689451538390126ee93ad5ab564682a7c9ce1ab0afc66",
    "annoyed.csv": "2779f95f59b21d172a4774f9ebdf28f87383e5cb4409befbe9d0098d092047e6",
    "anticipating.csv": "a2f95c6e49e74c0f6a2d014953f91cbf44241221678313d0bb53b5fe685dc7b3",
    "anxious.csv": "d42f359477ec224d9fea0b2e17b019f41687f70452ce4ff179a52f66d00db8bf",
    "apprehensive.csv": "c567ad430d4f56b085421cdfc76fb37571204dbca1783d3ed01af3bd88180eeb",
    "ashamed.csv": "3b47e3932130e6d2f6b1eee2e16f6d5c1a18733ba0b9595baffc0ce2a6bfca7f",
    "caring.csv": "2cc33c58e9eeb8b67427a7a30eb776d39173be3cd1ed1e41dd5ebf616ba08235",
    "confident.csv": "06625c6c804fbbb73d23f97a0aaf9d46f46a82f2ea5a33d6917cdb2f594b9f94",
    "content.csv": "5c04dd1f64544944e9a5ec9b570c5cbe4206f95c6727d4e51bb6f5e999fd7f80",
    "devastated.csv": "64ec7edb36022d5e70ff1ae4a2d28e66e390f5dd9288be1f75bbd89550a8ebb7",
    "disappointed.csv": "422ee6368ec8e480c735c58ea26a3fcf066e8cbb34b4c32470510541bad50d95",
    "disgusted.csv": "710ef4b36fab842c2e6eff64e8ef722f3408abdeb48de0361e28f8eda617a13d",
    "embarrassed.csv": "cbf0188d5bc2d332dd6408cf747d5c633e9769c95c14862e73f0dfdb17d0e98f",
    "excited.csv": "d71d4c0a1c3bcaf2aee2d96c28c5d3f704edeb32f9ace94d5f6f1ba747707f85",
    "faithful.csv": "66204da2473386d358e62790bc944f4082cf5567491be160f6fe75e494ce9bf3",
    "furious.csv": "30e28d9105a4b59efc16e77002a0b84f6e10d4726d1bacfcce169ccf3e50365c",
    "grateful.csv": "b107345ac5030242f3b0ec1732e70c56b61b1af600a70e95ef0e7052c9aa9561",
    "guilty.csv": "ef7a38c30cd7b4b1d505ef383ef4e7e18b413028dc44516b7fa694699f59a0bc",
    "hopeful.csv": "9c0fa35f2e81ff576f3ee612e0662bc0468d1b54bd7afa905d17df00aef0b210",
    "impressed.csv": "68ad014b6bcb02a7c56af1734826bf1efd2b5e50562042457fce5d28ee2df24f",
    "jealous.csv": "52bc33aaa3ecf2da58c9af76248bb6cdfee67db5aff60f4ab3c045db317d98f3",
    "joyful.csv": "1285bd8cdffc362b173e0cc22e60f44fc9be68fa52fa2e7cfa539f38089a4a0f",
    "lonely.csv": "333a6cd062c4d5b6f08445a3a5e331fb0025852608f1c3b84435cd6d0db271aa",
    "nostalgic.csv": "8296b30382ad017abc4809b47ce7db2b9cbc9573a8f416658b525b78e5f243a0",
    "prepared.csv": "b7967c34882e39ed21c30992a088e6700e657213e5ad8a504d0c91fe370ebf47",
    "proud.csv": "3b5e8f960a763ae49b5411e7bde0db63bec0339f3b5cd433fa12ef84b538303b",
    "sad.csv": "395f3b99ea33ffc448303ad766ecb19a101dc17021ddb31c79a5f3d54c5bbed3",
    "sentimental.csv": "e27411a9d6e36aa24488f8f33a7d878c1b8f97c3a7116cf2851f4c3b12a55879",
    "surprised.csv": "712f858679f4d55c01319b4099486771d5d445b9fa4bbff865eb9b70ca0ad525",
    "terrified.csv": "99c58269885eee00048123e5cf053584921b9f3695436042085288a9ad818f85",
    "trusting.csv": "fcc122d621b23ea30d1eaa4c2bc5dbbe9180e889a59bdc1969b3435770cedb74",
    "fixed_valid.csv": "4bc5f770048bb4c51febdb56d8ab64ef89e5a96c1c69222ff392237feff35d09",
    "fixed_test.csv": "bbdeca580c19db97429a2905bcc0ddef4fcad56be4768dee7e51239edfb5e929",
}
_ROLES = "this conversation only: speaker and listener are roles, not persons; scored is the first turn"

EMPATHETIC_DIALOGUES = CorpusSource(
    name="empathetic_dialogues",
    title="EmpatheticDialogues, the emotion of the first turn",
    version="csv @ 0f7e51ac",
    licence=(
        "CC BY 4.0 (its owner since December 2021: facebookresearch/ParlAI, README.md of "
        "parlai/tasks/empathetic_dialogues and the LICENSE_DOCUMENTATION it names); the owner's older repository "
        "facebookresearch/EmpatheticDialogues, last changed in August 2021, says CC BY-NC 4.0"
    ),
    source="https://github.com/facebookresearch/EmpatheticDialogues",
    label_set=LabelSet(EMOTION_WORDS),
    layouts=(
        Layout("uniform JSONL", {s: f"{s}.jsonl" for s in SPLITS}, read_uniform, has_story=False),
        Layout(
            "a csv file per emotion and two lists",
            {"train": _LISTS["dev"], **_LISTS},  # train is what neither list names
            parse_all=read_empathetic_dialogues,
            has_story=False,
            companions=tuple(f"{folder}{word}.csv" for word in EMOTION_WORDS for folder in ("", f"{_FOLDER}/")),
        ),
    ),
    files=tuple(
        PublishedFile(
            name, (_SPLITS if name in _LISTS.values() else f"{_TEXTS}datasets/{_FOLDER}/") + name, _CHECKSUMS[name]
        )
        for name in _CHECKSUMS
    ),
    published={
        split: {
            "conversations": conversations,
            "utterances": utterances,
            "labels": dict(zip(EMOTION_WORDS, labels, strict=True)),
        }
        for split, (conversations, utterances, labels) in _COUNTS.items()
    },
    anonymous_speakers=frozenset({"speaker", "listener"}),
    defects=(
        "one label a conversation, the word the speaker was given: it stands on the first turn, of which about eight "
        "in ten show it or a close one; all other turns are unlabelled",
        "no neutral label; neighbours such as annoyed, angry and furious can hardly be told apart",
        "the owner's own files were not at hand: texts and splits are those of two copies on GitHub, which agree with "
        "each other but lack one conversation of dev and one of test",
        "nine conversations are twice in train (the ids of the copies end in '(1)')",
    ),
    metric="macro_f1",
    memory={"dev": (_ROLES, ()), "test": (_ROLES, ())},
    has_unlabelled=True,
)
