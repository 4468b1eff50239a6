"""Examples of a user's own labels: a table of utterances, alone or in the context of their conversation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from erckit.conversation import Conversation, Utterance
from erckit.errors import FormatError, nearest
from erckit.readers.column_names import recognise_columns
from erckit.readers.decode_file import decode_file
from erckit.readers.source import Source
from erckit.readers.table import table_rows

ROLES = ("label", "text", "speaker", "conversation", "order")
_ONLY_SPEAKER = "speaker"  # of rows that name none
_FEW = 2  # examples of a label without which nothing can be said of it
# How programs write that there is no value.
_MISSING = frozenset({"nan", "null", "none", "n/a", "<na>"})
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


def read_examples(path: Path | str, taken: Sequence[str] = ()) -> Examples:
    """Read a CSV or TSV of examples.

    Columns: ``label`` and ``text``; also ``speaker``, ``conversation`` and ``order`` where utterances stand in
    context. Rows of a conversation are in file order, or by ``order``. A row of a conversation with an empty label is
    context.

    Args:
        path: The file, UTF-8.
        taken: Labels that may not be among them.

    Raises:
        FormatError: No such column, an empty file or text, a label with one example or none, the same words twice or
            with two labels (case and punctuation do not matter), a label that reads as a missing value or is one of
            ``taken``; the message names the lines and says what to do.
    """
    path = Path(path)
    header, cells = table_rows(Source(path, decode_file(path)))
    roles = _columns(path, header)
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


def _columns(path: Path, header: Sequence[str]) -> dict[str, str]:
    """Which column holds what: by these very names, else by the usual ones."""
    usual = recognise_columns(header)
    exact = {name.strip().casefold(): name for name in header}
    roles = {role: exact.get(role, usual.get(role, "")) for role in ROLES}
    for role in ("label", "text"):
        if not roles[role]:
            raise FormatError(
                path,
                f"has no column '{role}' (it has {', '.join(header)})",
                f"{nearest(role, header)} The first line must be: label,text or label,text,speaker,conversation,order.",
                1,
            )
    return {role: column for role, column in roles.items() if column}


def _row(path: Path, line: int, record: dict[str, str], roles: dict[str, str]) -> _Row:
    found = {role: (record.get(column) or "").strip() for role, column in roles.items()}
    label, text, conversation = found["label"], found["text"], found.get("conversation", "")
    if not text:
        raise FormatError(path, "has no text", "Write what was said, or delete the row.", line)
    if not label and not conversation:
        raise FormatError(
            path,
            "has an empty label",
            "Write the label, delete the row, or name its conversation, where it is context.",
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
    known: dict[tuple[str, ...], _Row] = {}
    for group in groups:
        said: list[str] = []
        for row in group:
            said.append(_bare(row.text))
            if row.label is None:
                continue
            other = known.setdefault(tuple(said), row)
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
    for name, count in counts.items():
        existing = next((one for one in taken if one.casefold() == name.casefold()), None)
        if existing is not None:
            raise FormatError(
                path,
                f"has the label '{name}', which the model has already",
                "Give yours another name, or leave out --keep-labels to replace all labels of the model.",
                first[name],
            )
        other = spelled.setdefault(name.casefold(), name)
        if other != name:
            raise FormatError(path, f"has the labels '{other}' and '{name}'", "Write both alike.", first[name])
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
