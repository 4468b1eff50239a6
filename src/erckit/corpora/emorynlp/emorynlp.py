"""EmoryNLP: every utterance of four seasons of Friends with one of seven emotions; the official version.

Zahiri and Choi, "Emotion Detection on TV Show Transcripts with Sequence-Based Convolutional Neural
Networks", 2018. Splits are by episode.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.emorynlp.emorynlp_counts import OFFICIAL_COUNTS
from erckit.corpora.emorynlp.emorynlp_speakers import ANONYMOUS_SPEAKERS
from erckit.corpora.formats.read_uniform import read_uniform
from erckit.corpora.formats.reexport_lines import reexport_lines
from erckit.corpora.formats.story import add_story
from erckit.errors import CorpusError, FormatError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.detect.decode_file import decode_file
from erckit.readers.source import BadConversationError

LABEL_SET = LabelSet(("joyful", "mad", "neutral", "peaceful", "powerful", "sad", "scared"), neutral="neutral")
MEMORY = {
    "dev": ("train, and dev earlier in the story", ("train",)),
    "test": ("train, and test earlier in the story", ("train",)),
}
UNIFORM = Layout("uniform JSONL", {s: f"{s}.jsonl" for s in SPLITS}, read_uniform)
_SCENE_ID = re.compile(r"s(\d+)_e(\d+)_c(\d+)")
_COMMIT = "289b967a34556f0d86b52ea36571c2a0c90740ae"


def read_official(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Scenes of an official ``emotion-detection-*.json``.

    Raises:
        CorpusError: The file does not have that layout.
    """
    try:
        data = json.loads(decode_file(path))
        scenes = [scene for episode in data["episodes"] for scene in episode["scenes"]]
        conversations = [_official_scene(scene, label_set) for scene in scenes]
    except FormatError as error:
        raise CorpusError(str(error)) from None
    except (ValueError, LookupError, TypeError, RecursionError, BadConversationError) as error:
        raise CorpusError(
            f"{path}: is not the official EmoryNLP layout ({type(error).__name__}: {error}). Get the file again."
        ) from None
    return add_story(conversations)


def _official_scene(scene: dict[str, Any], label_set: LabelSet) -> Conversation:
    rows = []
    for utterance in scene["utterances"]:
        speakers = list(utterance["speakers"])
        rows.append(
            RawUtterance(
                text=utterance["transcript"],
                speaker=speakers[0] if speakers else None,
                id=utterance["utterance_id"],
                label=str(utterance["emotion"]).lower(),
                extra={"speakers": speakers} if len(speakers) > 1 else {},
            )
        )
    identifier = str(scene["scene_id"])
    return build_conversation(identifier, rows, scene_meta(identifier), label_set, Counter())


def scene_meta(scene_id: str) -> dict[str, Any]:
    """Season, episode and scene out of an id such as ``s01_e02_c03``."""
    numbers = _SCENE_ID.fullmatch(scene_id)
    if not numbers:
        raise ValueError(f"scene id '{scene_id}' is not of the form s01_e02_c03")
    season, episode, scene = (int(number) for number in numbers.groups())
    return {"season": season, "episode": episode, "scene": scene, "show": "Friends"}


def read_reexport(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Scenes of a re-export: ``speaker TAB text TAB label`` lines, a blank line between scenes.

    This layout (EmoNet, CoMPM) has no ids: conversations are numbered and carry no ``meta["story"]``, so
    their order in the story is their order in the file.

    Raises:
        CorpusError: A line of another shape.
    """
    conversations = []
    try:
        for number, lines in enumerate(reexport_lines(path), start=1):
            rows = [RawUtterance(text=text, speaker=speaker, label=label.lower()) for speaker, text, label in lines]
            meta = {"show": "Friends"}
            conversations.append(build_conversation(f"{path.stem}-{number:04d}", rows, meta, label_set, Counter()))
    except BadConversationError as error:
        raise CorpusError(f"{path}: scene {number}: {error}.") from None
    return tuple(conversations)


def _published(name: str, sha256: str | None) -> PublishedFile:
    url = f"https://raw.githubusercontent.com/emorynlp/emotion-detection/{_COMMIT}/json/{name}"
    return PublishedFile(name, url, sha256)


_OFFICIAL_FILES = {
    split: f"emotion-detection-{short}.json" for split, short in zip(SPLITS, ("trn", "dev", "tst"), strict=True)
}

EMORYNLP = CorpusSource(
    name="emorynlp",
    title="EmoryNLP emotion detection, official version",
    version="1.0 @ 289b967a",
    licence="Apache-2.0",
    source="https://github.com/emorynlp/emotion-detection",
    label_set=LABEL_SET,
    layouts=(
        UNIFORM,
        Layout("official JSON", _OFFICIAL_FILES, read_official),
        Layout(
            "re-export of EmoNet and CoMPM",
            {split: f"EMORY_{split}.txt" for split in SPLITS},
            read_reexport,
            has_story=False,
        ),
    ),
    files=(
        # The training file's checksum is recorded at the first download; its counts are checked instead.
        _published("emotion-detection-trn.json", None),
        _published("emotion-detection-dev.json", "177f0b8ae5442045ea60e6f7940e14b1a8c15c704201f01da1ba74943f99086e"),
        _published("emotion-detection-tst.json", "2da84b0bffbc9da2f3b9de8016c2d3ae5478e6ccb26d473313368373b427dedc"),
    ),
    published=OFFICIAL_COUNTS,
    anonymous_speakers=ANONYMOUS_SPEAKERS,
    defects=(
        "dev holds one scene twice (s04_e01_c13 and s04_e01_c14)",
        "three scenes of s04_e21 (dev) replay train scenes, with labels that often differ",
        "repeated texts often carry different labels",
    ),
    memory=MEMORY,
)
