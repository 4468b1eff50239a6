"""Labelled conversations out: one file per format. Light: no third-party import."""

from collections.abc import Callable, Sequence
from pathlib import Path

from erckit.conversation import LabelledConversation
from erckit.plugins import WRITERS as GROUP
from erckit.plugins import load_part, plugged_in
from erckit.writers.jsonl import write_jsonl
from erckit.writers.table import write_csv
from erckit.writers.terminal import format_table

Writer = Callable[[Sequence[LabelledConversation], Path], object]

# What writes a file of an extension.
WRITERS: dict[str, Writer] = {".jsonl": write_jsonl, ".ndjson": write_jsonl, ".csv": write_csv}

__all__ = ["WRITERS", "Writer", "format_table", "write_csv", "write_jsonl", "writer_table"]


def writer_table() -> dict[str, Writer]:
    """What writes a file of each extension, erckit's own first, then those of other packages."""
    own = {extension.removeprefix(".") for extension in WRITERS}
    others = plugged_in(GROUP, dict.fromkeys(own))
    return {**WRITERS, **{f".{name}": load_part(GROUP, name, place) for name, place in others.items()}}
