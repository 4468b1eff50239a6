"""EmoryNLP, the subset whose utterances were found in the subtitles; the version most later systems use.

Not comparable with the official version: long utterances are missing and most scenes have gaps.
"""

from __future__ import annotations

import ast
import csv
import io
from collections import Counter
from pathlib import Path

from erckit.conversation import Conversation
from erckit.corpora.corpus_source import SPLITS, CorpusSource, Layout, PublishedFile
from erckit.corpora.emorynlp.emorynlp import LABEL_SET, MEMORY, UNIFORM
from erckit.corpora.emorynlp.emorynlp_counts import ALIGNED_COUNTS
from erckit.corpora.emorynlp.emorynlp_speakers import ANONYMOUS_SPEAKERS
from erckit.corpora.formats.story import add_story
from erckit.errors import CorpusError, FormatError
from erckit.labels import LabelSet
from erckit.readers.build_conversation import RawUtterance, build_conversation
from erckit.readers.detect.decode_file import decode_file
from erckit.readers.source import BadConversationError

_COMMIT = "2d2011b409d3ca2d7e94460cd007d434b1d0a102"


def read_aligned_csv(path: Path, label_set: LabelSet) -> tuple[Conversation, ...]:
    """Scenes of ``emorynlp_*_final.csv``, in file order.

    Raises:
        CorpusError: The file does not have that layout.
    """
    try:
        table = csv.DictReader(io.StringIO(decode_file(path), newline=""))
        scenes: dict[tuple[int, int, int], list[RawUtterance]] = {}
        for row in table:
            place = (int(row["Season"]), int(row["Episode"]), int(row["Scene_ID"]))
            scenes.setdefault(place, []).append(_utterance(row, place))
        conversations = []
        for (season, episode, scene), rows in scenes.items():
            identifier = f"s{season:02d}_e{episode:02d}_c{scene:02d}"
            meta = {"season": season, "episode": episode, "scene": scene, "show": "Friends"}
            conversations.append(build_conversation(identifier, rows, meta, label_set, Counter()))
    except FormatError as error:
        raise CorpusError(str(error)) from None
    except (ValueError, LookupError, TypeError, SyntaxError, csv.Error, BadConversationError) as error:
        raise CorpusError(
            f"{path}: is not the published csv layout ({type(error).__name__}: {error}). Get the file again."
        ) from None
    return add_story(conversations)


def _utterance(row: dict[str, str], place: tuple[int, int, int]) -> RawUtterance:
    season, episode, scene = place
    speakers = ast.literal_eval(row["Speaker"])
    return RawUtterance(
        text=row["Utterance"],
        speaker=speakers[0],
        id=f"s{season:02d}_e{episode:02d}_c{scene:02d}_u{int(row['Utterance_ID']):03d}",
        label=row["Emotion"].lower(),
        start=row["Start_Time"],
        end=row["End_Time"],
        extra={"speakers": speakers} if len(speakers) > 1 else {},
    )


def _name(split: str) -> str:
    return f"emorynlp_{split}_final.csv"


EMORYNLP_ALIGNED = CorpusSource(
    name="emorynlp_aligned",
    title="EmoryNLP, subtitle-aligned subset",
    version="csv @ 2d2011b4",
    licence="Apache-2.0 (csv from a GPL-3.0 repository)",
    source="https://github.com/declare-lab/MELD",
    label_set=LABEL_SET,
    layouts=(
        UNIFORM,
        Layout("published csv", {split: _name(split) for split in SPLITS}, read_aligned_csv),
    ),
    files=tuple(
        PublishedFile(
            _name(split),
            f"https://raw.githubusercontent.com/declare-lab/MELD/{_COMMIT}/data/emorynlp/{_name(split)}",
            sha256,
        )
        for split, sha256 in (
            ("train", "462c66c333783adb801836d12d1424f48489bef4fb8ddfec7fbb2f08ce8211d5"),
            ("dev", "20edc9d5917fe705b17b849f7f288e495d4132a60353a6247c3800445bdf8734"),
            ("test", "dbc4b5638acd12c92a5f48def829e04f1c765cddffb4eedbe34216312e0d2d78"),
        )
    ),
    published=ALIGNED_COUNTS,
    anonymous_speakers=ANONYMOUS_SPEAKERS,
    defects=(
        "utterances not found in the subtitles are missing, mostly long ones; about three scenes in four have gaps",
        "scores are not comparable with the official version",
    ),
    memory=MEMORY,
)
