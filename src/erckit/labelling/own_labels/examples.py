"""Examples of a user's own labels: a table of utterances, alone or in the context of their conversation."""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from erckit.conversation import Conversation, Utterance
from erckit.errors import FormatError
from erckit.readers.detect.column_names import recognise_columns
from erckit.readers.detect.decode_file import decode_file
from erckit.readers.formats.table import table_rows
from erckit.readers.source import Source

ROLES = ("label", "text", "speaker", "conversation", "order")
_ONLY_SPEAKER = "speaker"  # of rows that name none
_FEW = 2  # examples of a label without which nothing can be said of it
_LEAST, _MOST = 4, 64  # examples of a label that this is made for
_LONGEST = 60  # characters of a label
# How programs write that there is no value: of a label in any case, elsewhere in the case they use ("Nan" is a name).
_MISSING = frozenset({"nan", "null", "none", "n/a", "<na>"})
_EMPTY = frozenset({"nan", "NaN", "null", "NULL", "None", "n/a", "N/A", "<NA>"})
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Examples:
    """Labelled utterances in their conversations; utterances without a label are context.

    Args:
        conversations: Rows without a conversation are conversations of one utterance.
        labels: In the order of their first example.
        counts: Examples of each label.
    """

    conversations: tuple[Conversation, ...]
    labels: tuple[str, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    label: str | None
    text: str
    speaker: str
    conversation: str
    order: float | None


def read_examples(path: Path | str, taken: Sequence[str] = (), encoding: str | None = None) -> Examples:
    """Read a CSV or TSV of examples.

    Columns: ``label`` and ``text``; also ``speaker``, ``conversation`` and ``order`` where utterances stand in
    context. Rows of a conversation are in file order, or by ``order``. A row of a conversation with an empty label is
    context.

    Args:
        path: The file.
        taken: Labels that may not be among them.
        encoding: Of the file; None takes UTF-8.

    Raises:
        FormatError: No such column, an empty file or text, more cells than columns, a label with one example or none,
            the same words twice or with two labels (case and punctuation do not matter), a label that reads as a
            missing value, cannot be printed, is very long or is one of ``taken``; the message names the lines and says
            what to do.
    """
    return parse_examples(path, decode_file(path, encoding), taken)


def parse_examples(path: Path | str, text: str, taken: Sequence[str] = ()) -> Examples:
    """The examples in the text of a file; see :func:`read_examples`."""
    path = Path(path)
    first_line = text.lstrip().split("\n", 1)[0]
    if first_line.startswith(("{", "[")):
        raise FormatError(path, "looks like JSON", "Give a CSV or TSV file whose first line is: label,text")
    header, cells = table_rows(Source(path, text))
    roles = _columns(path, header)
    for line, row in cells:
        if any(cell.strip() for cell in row[len(header) :]):
            sign = "a comma" if "," in first_line else "the separator"
            raise FormatError(
                path,
                f"has {len(row)} cells, the header has {len(header)}",
                f"Put text with {sign} between quotation marks.",
                line,
            )
    # Rows that end early have empty cells.
    rows = [_row(path, line, dict(zip(header, row, strict=False)), roles) for line, row in cells]
    if not rows:
        raise FormatError(path, "has a header and no row", "Write one example per row: label,text", 1)
    groups = list(_conversations(path, rows))
    _check_repeats(path, groups)
    counts = Counter(row.label for group in groups for row in group if row.label is not None)
    _check_labels(path, rows, counts, taken)
    conversations = tuple(
        Conversation(
            group[0].conversation or f"row {group[0].line}",
            tuple(Utterance(f"row {row.line}", row.speaker, row.text, row.label) for row in group),
        )
        for group in groups
    )
    return Examples(conversations, tuple(counts), tuple(counts.values()))


def remarks(examples: Examples) -> tuple[str, ...]:
    """What is to be said of the number of examples, before anything is made of them."""
    lines = []
    counts = dict(zip(examples.labels, examples.counts, strict=True))
    few = [label for label, count in counts.items() if count < _LEAST]
    if few:
        lines.append(f"fewer than {_LEAST} examples of {', '.join(few)}: what is said of them here is close to chance")
    many = [f"{label} ({count})" for label, count in counts.items() if count > _MOST]
    if many:
        lines.append(
            f"more than {_MOST} examples of {', '.join(many)}: all are used, but with so many a model trained on them "
            "('erckit train' with a corpus of your own) is likely better"
        )
    return tuple(lines)


def _columns(path: Path, header: Sequence[str]) -> dict[str, str]:
    """Which column holds what: by these very names, else by the usual ones."""
    usual = recognise_columns(header)
    exact = {name.strip().casefold(): name for name in header}
    roles = {role: exact.get(role, usual.get(role, "")) for role in ROLES}
    for role in ("label", "text"):
        if not roles[role]:
            names = [name for name in header if name not in roles.values()]
            close = get_close_matches(role, names, n=1, cutoff=0.5)
            rename = f"Rename '{close[0]}' to '{role}'. " if close else ""
            raise FormatError(
                path,
                f"has no column '{role}' (it has {', '.join(header)})",
                f"{rename}The first line must be: label,text or label,text,speaker,conversation,order.",
                1,
            )
    for role, column in roles.items():
        if column and [name.strip().casefold() for name in header].count(column.strip().casefold()) > 1:
            raise FormatError(path, f"has the column '{column}' twice", f"Keep one for the {role}.", 1)
    return {role: column for role, column in roles.items() if column}


def _row(path: Path, line: int, record: dict[str, str], roles: dict[str, str]) -> _Row:
    found = {role: (record.get(column) or "").strip() for role, column in roles.items()}
    for role in ("speaker", "conversation", "order"):
        if found.get(role) in _EMPTY:
            found[role] = ""
    label, text, conversation = found["label"], found["text"], found.get("conversation", "")
    if not text:
        raise FormatError(path, "has no text", "Write what was said, or delete the row.", line)
    if text in _EMPTY:
        raise FormatError(
            path,
            f"has the text '{text}', which reads as a missing value",
            "Write what was said, or delete the row.",
            line,
        )
    if not label and not conversation:
        raise FormatError(
            path,
            "has an empty label",
            "Write the label, delete the row, or name its conversation, where it is context.",
            line,
        )
    if not label.isprintable():
        raise FormatError(
            path,
            f"has the label {label[:_LONGEST]!r}, with a character that cannot be printed",
            "Write it on one line, in letters, digits, signs and plain spaces.",
            line,
        )
    if len(label) > _LONGEST:
        raise FormatError(
            path,
            f"has a label of {len(label)} characters ('{_short(label)}')",
            f"Shorten it to at most {_LONGEST}; is it the text?",
            line,
        )
    if label.casefold() in _MISSING:
        raise FormatError(
            path,
            f"has the label '{label}', which reads as a missing value",
            "Write the label, or another word for it, such as 'other'; leave it empty in a row that is context.",
            line,
        )
    order = found.get("order", "")
    try:
        place = float(order) if order else None
        if place is not None and not math.isfinite(place):
            raise ValueError
    except ValueError:
        raise FormatError(path, f"has the order '{order}'", "Write a number: 1, 2, 3, ...", line) from None
    return _Row(line, label or None, text, found.get("speaker") or _ONLY_SPEAKER, conversation, place)


def _conversations(path: Path, rows: Sequence[_Row]) -> Iterator[list[_Row]]:
    groups: dict[object, list[_Row]] = {}
    for row in rows:
        groups.setdefault(row.conversation or row.line, []).append(row)
    for group in groups.values():
        ordered = [row for row in group if row.order is not None]
        if ordered and len(ordered) < len(group):
            line = next(row.line for row in group if row.order is None)
            raise FormatError(path, "has no order, other rows of its conversation have", "Write one for all.", line)
        seen: dict[float | None, int] = {}
        for row in ordered:
            if row.order in seen:
                raise FormatError(
                    path,
                    f"has the order {row.order:g} of line {seen[row.order]} in conversation '{row.conversation}'",
                    "Give each row of a conversation its own.",
                    row.line,
                )
            seen[row.order] = row.line
        yield sorted(group, key=lambda row: row.order or 0.0)


def _check_repeats(path: Path, groups: Sequence[Sequence[_Row]]) -> None:
    """The same words after the same words are the same example, whoever said them, in whatever case and signs."""
    known: dict[bytes, _Row] = {}
    for group in groups:
        said = hashlib.sha256()  # of all that was said so far: a long conversation is not kept once for each row
        for row in group:
            said.update(_bare(row.text).encode("utf-8", "surrogatepass") + b"\0")
            if row.label is None:
                continue
            other = known.setdefault(said.digest(), row)
            if other is row:
                continue
            if other.label == row.label:
                raise FormatError(
                    path, f"is the example of line {other.line} again ('{_short(row.text)}')", "Delete one.", row.line
                )
            same = "the same text" if other.text == row.text else "the same words"
            raise FormatError(
                path,
                f"has the label '{row.label}' and line {other.line} has '{other.label}' for {same} "
                f"('{_short(row.text)}')",
                "Keep the right one, or add the conversations that tell them apart.",
                row.line,
            )


def _check_labels(path: Path, rows: Sequence[_Row], counts: Counter[str], taken: Sequence[str]) -> None:
    first = {row.label: row.line for row in reversed(rows)}
    if not counts:
        raise FormatError(path, "has no labelled row", "Write a label for the rows that are examples.")
    spelled: dict[str, str] = {}
    for name in counts:  # all of them before any count: 'Relief' once may be 'relief' for the third time
        other = spelled.setdefault(name.casefold(), name)
        if other != name:
            raise FormatError(path, f"has the labels '{other}' and '{name}'", "Write both alike.", first[name])
    for name, count in counts.items():
        existing = next((one for one in taken if one.casefold() == name.casefold()), None)
        if existing is not None:
            raise FormatError(
                path,
                f"has the label '{name}', which the model has already",
                "Give yours another name, or leave out --keep-labels to replace all labels of the model.",
                first[name],
            )
        if count < _FEW:
            raise FormatError(
                path,
                f"is the only example of '{name}'",
                f"Give at least {_FEW}, better 4 to 64, or delete it.",
                first[name],
            )
    if len(counts) == 1 and not taken:
        raise FormatError(
            path,
            f"has one label only, '{next(iter(counts))}'",
            "Give examples of another label (for instance 'other'), or use --keep-labels to add it to the model's own.",
        )


def _bare(text: str) -> str:
    """A text without case, white space and signs; one of nothing but signs or emoji keeps them."""
    return _NO_LETTER.sub("", text.casefold()) or "".join(text.split())


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
