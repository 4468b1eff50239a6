"""A published zip file of DailyDialog: texts, emotions and acts, one conversation per line."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.dailydialog.topic_counts import find_topics
from erckit.errors import CorpusError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.source import BadConversationError

EMOTIONS = ("no emotion", "anger", "disgust", "fear", "happiness", "sadness", "surprise")  # published numbers 0 to 6
ACTS = ("inform", "question", "directive", "commissive")  # published numbers 1 to 4

_END = "__eou__"
_SPLITS = {"train": "train", "validation": "dev", "test": "test"}
_LARGEST = 64 * 1024 * 1024  # of a member; the largest published one has 6 MB
# One conversation of train has a text more than labels: its fifth and sixth are one turn. Line -> first of the two.
_SPLIT_TURNS = {("train", 7851): 4}


def read_dailydialog_zip(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Conversations of ``train.zip``, ``validation.zip`` or ``test.zip``, in file order, with the emotion as label.

    Speakers are not published; ``A`` and ``B`` take turns. The act is in ``extra["act"]``; the topic is in
    ``meta["topic"]`` where it can be found beside the file.

    Raises:
        CorpusError: No zip file, a part is missing, or a line does not fit; the message names file and line.
    """
    name = path.stem
    texts, emotions, acts = _parts(path, name)
    topics = find_topics(path, texts)
    split = _SPLITS.get(name, name)
    conversations = []
    for line, text in enumerate(texts):
        where = f"{path}!dialogues_{name}.txt:{line + 1}"
        said = [one.strip() for one in text.split(_END)]
        if said and not said[-1]:
            said.pop()
        labels = _names(emotions[line], EMOTIONS, 0, "emotion", where)
        kinds = _names(acts[line], ACTS, 1, "act", where)
        joined = _SPLIT_TURNS.get((split, line))
        if joined is not None and len(said) == len(labels) + 1:
            said[joined : joined + 2] = [" ".join(said[joined : joined + 2])]
        if not len(said) == len(labels) == len(kinds):
            raise CorpusError(
                f"{where}: has {len(said)} utterances, {len(labels)} emotions and {len(kinds)} acts. Mend the line, or "
                "get the file again."
            )
        if not all(said):
            raise CorpusError(f"{where}: utterance {said.index('') + 1} has no text. Mend it, or get the file again.")
        identifier = f"{split}_{line}"
        rows = [
            RawUtterance(one, "AB"[n % 2], f"{identifier}_{n}", label, extra={"act": kind})
            for n, (one, label, kind) in enumerate(zip(said, labels, kinds, strict=True))
        ]
        meta = {"topic": topics[line], "line": line} if topics else {"line": line}
        try:
            conversations.append(build_conversation(identifier, rows, meta, label_set, Counter()))
        except BadConversationError as error:
            raise CorpusError(f"{where}: {error}.") from None
    return tuple(conversations)


def _parts(path: Path, name: str) -> tuple[list[str], list[str], list[str]]:
    """The lines of texts, emotions and acts; as many of each."""
    files = [f"dialogues_{kind}{name}.txt" for kind in ("", "emotion_", "act_")]
    try:
        with zipfile.ZipFile(path) as archive:
            texts, emotions, acts = (_lines(archive, path, file) for file in files)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise CorpusError(f"{path}: is no zip file that can be read ({error}). Get it again.") from None
    except (OSError, RuntimeError, NotImplementedError) as error:
        raise CorpusError(f"{path}: cannot be read ({error}). Get it again, or check its permissions.") from None
    if not len(texts) == len(emotions) == len(acts):
        raise CorpusError(
            f"{path}: has {len(texts):,} lines of texts, {len(emotions):,} of emotions and {len(acts):,} of acts. Get "
            "it again."
        )
    return texts, emotions, acts


def _lines(archive: zipfile.ZipFile, path: Path, file: str) -> list[str]:
    members = [one for one in archive.infolist() if one.filename.rpartition("/")[2] == file]
    if not members:
        found = ", ".join(one.filename for one in archive.infolist()[:6]) or "nothing"
        raise CorpusError(f"{path}: lacks {file} (it holds {found}). Get the published file again.")
    if members[0].file_size > _LARGEST:
        raise CorpusError(f"{path}: {file} has {members[0].file_size:,} bytes, far more than published. Get it again.")
    data = archive.read(members[0])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorpusError(f"{path}!{file}:{line}: is not UTF-8 ({error.reason}). Get the file again.") from None
    return [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]


def _names(line: str, names: Sequence[str], first: int, kind: str, where: str) -> list[str]:
    """Published numbers as names."""
    found = []
    for number in line.split():
        if not number.isdecimal() or not first <= int(number) < first + len(names):
            raise CorpusError(
                f"{where}: {kind} '{number:.20}' is not a number from {first} to {first + len(names) - 1}. Mend it, or "
                "get the file again."
            )
        found.append(names[int(number) - first])
    return found
