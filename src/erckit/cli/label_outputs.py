"""Where labelled conversations go: checked before the model is loaded, written afterwards."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from erckit.conversation import LabelledConversation
from erckit.errors import nearest

if TYPE_CHECKING:
    from erckit.writers import Writer


def output_writer(path: Path) -> Writer:
    """What writes an output file, by its extension; a usage error for one that no writer knows."""
    from erckit.writers import WRITERS, writer_table

    if path.suffix.lower() in (".html", ".htm"):
        raise typer.BadParameter(f"'{path}' looks like a report. Use --report {path}", param_hint="--output")
    extension = path.suffix.lower()
    writers = WRITERS if extension in WRITERS else writer_table()
    if extension not in writers:
        raise typer.BadParameter(
            f"'{path}' has no extension that says its format. {nearest(path.suffix, writers)}", param_hint="--output"
        )
    return writers[extension]


def check_place(path: Path, option: str, others: Sequence[Path]) -> None:
    """Refuse an output that cannot be written, before any work is done.

    Args:
        path: The output.
        option: The option that named it, such as ``--report``.
        others: Inputs and other outputs, which it would overwrite.
    """
    if any(os.path.realpath(path) == os.path.realpath(other) for other in others):
        raise typer.BadParameter(
            f"'{path}' is also an input or another output; it would be overwritten.", param_hint=option
        )
    if option == "--png" and path.suffix.lower() != ".png":
        raise typer.BadParameter(f"'{path}' does not end in .png; pictures are PNG files.", param_hint=option)
    if path.is_dir():
        raise typer.BadParameter(f"'{path}' is a folder. Name a file in it.", param_hint=option)
    parent = path.parent
    while not parent.exists():
        parent = parent.parent
    if not parent.is_dir():
        raise typer.BadParameter(f"'{parent}' is a file, so nothing can be written below it.", param_hint=option)
    if not os.access(parent, os.W_OK):
        raise typer.BadParameter(f"nothing may be written in '{parent}'. Choose another place.", param_hint=option)


def write_output(labelled: Sequence[LabelledConversation], path: Path) -> None:
    """Write all labelled conversations to ``path`` in the format of its extension."""
    output_writer(path)(labelled, path)


def print_table(labelled: Sequence[LabelledConversation]) -> None:
    """Print labelled conversations as a table as wide as the terminal."""
    from erckit.writers import format_table

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    print(format_table(labelled, width=shutil.get_terminal_size((100, 24)).columns, colour=colour))


def print_jsonl(labelled: Sequence[LabelledConversation]) -> None:
    """Print labelled conversations as the JSONL file would hold them, always as UTF-8."""
    from erckit.writers.jsonl import jsonl_line

    sys.stdout.flush()
    for item in labelled:
        sys.stdout.buffer.write(f"{jsonl_line(item)}\n".encode())


def side_file(source: Path, target: Path | None, taken: set[Path]) -> Path:
    """Where conversations of ``source`` that could not be read are kept.

    Args:
        source: The file being read.
        target: The output file, or None; the side file stands beside it.
        taken: Side files of other inputs in the same run.

    Returns:
        A path beside the output, else beside the input, else (where that is read-only) in the current folder.
    """
    folder = target.parent if target is not None else source.parent
    if target is None and not os.access(folder, os.W_OK):
        folder = Path()
    path, number = folder / f"{source.stem}.skipped.jsonl", 1
    while path in taken:
        number += 1
        path = folder / f"{source.stem}-{number}.skipped.jsonl"
    return path
