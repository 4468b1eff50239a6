"""Remembered utterances as rows of an Arrow table and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from erckit.memory.remembered import Remembered
from erckit.memory.speaker_key import conversation_key, speaker_key

if TYPE_CHECKING:
    import pyarrow as pa

# LanceDB makes every column of lists with "vector" in its name one of vectors of one length, none of them missing.
VECTOR_COLUMN = "features"


def row_schema() -> pa.Schema:
    """Columns of the table of utterances.

    ``sequence`` grows with every row appended and orders rows of one time. Vectors of several models have several
    lengths, so theirs is not fixed.
    """
    import pyarrow as pa

    return pa.schema(
        [
            ("speaker_key", pa.string()),
            ("conversation_key", pa.string()),
            ("namespace", pa.string()),
            ("sequence", pa.int64()),
            ("conversation", pa.string()),
            ("utterance", pa.string()),
            ("time", pa.float64()),
            ("text", pa.string()),
            (VECTOR_COLUMN, pa.list_(pa.float32())),
            ("model", pa.string()),
            ("scores", pa.string()),
            ("label", pa.string()),
        ]
    )


def rows_to_table(
    rows: Sequence[Remembered], salt: bytes, namespace: str, first_sequence: int, keeps_text: bool
) -> pa.Table:
    """Rows for appending; names are left out, only keys stand for the speakers.

    Args:
        rows: What to keep.
        salt: Secret of the keys.
        namespace: Whose speakers.
        first_sequence: Sequence of the first row; the others follow.
        keeps_text: Whether texts go along.
    """
    import pyarrow as pa

    columns: dict[str, Sequence[Any]] = {
        "speaker_key": [speaker_key(salt, namespace, row.speaker) for row in rows],
        "conversation_key": [conversation_key(salt, namespace, row.conversation) for row in rows],
        "namespace": [namespace] * len(rows),
        "sequence": range(first_sequence, first_sequence + len(rows)),
        "conversation": [_clean(row.conversation) for row in rows],
        "utterance": [_clean(row.utterance) for row in rows],
        "time": [float(row.time) for row in rows],
        "text": [_clean(row.text) if keeps_text and row.text is not None else None for row in rows],
        VECTOR_COLUMN: [row.vector for row in rows],
        "model": [_clean(row.model) for row in rows],
        "scores": [_clean(json.dumps(_plain(row.scores), ensure_ascii=False)) for row in rows],
        "label": [None if row.label is None else _clean(row.label) for row in rows],
    }
    schema = row_schema()
    arrays = [pa.array(columns[field.name], type=field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def table_to_rows(table: pa.Table, speakers: Mapping[str, str] | None = None) -> list[Remembered]:
    """Rows as they came, in the table's order.

    Args:
        table: With the columns of ``row_schema`` in any order; ``text`` and the vectors may be left out.
        speakers: Key -> the name that was asked for; a key without one stands for itself.
    """
    speakers = speakers or {}
    values = {name: table[name].to_pylist() for name in table.column_names if name != VECTOR_COLUMN}
    has_text, has_vector = "text" in values, VECTOR_COLUMN in table.column_names
    # Not through Python's floats: most of a row is its vector.
    vectors = [one.values for one in table[VECTOR_COLUMN]] if has_vector else [None] * table.num_rows
    found = []
    for i, key in enumerate(values["speaker_key"]):
        row = Remembered(
            speaker=speakers.get(key, key),
            conversation=values["conversation"][i],
            utterance=values["utterance"][i],
            time=values["time"][i],
            text=values["text"][i] if has_text else None,
            model=values["model"][i],
            scores=json.loads(values["scores"][i]),
            label=values["label"][i],
        )
        vector = vectors[i]
        found.append(row if vector is None else replace(row, vector=vector.to_numpy()))
    return found


def vector_matrix(table: pa.Table, length: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The vectors of one length.

    Args:
        table: With the column of vectors.
        length: H.

    Returns:
        Vectors, (rows, H), and the rows of the table that they stand in.
    """
    column = table[VECTOR_COLUMN].combine_chunks()
    starts, ends = column.offsets.to_numpy()[:-1], column.offsets.to_numpy()[1:]
    (rows,) = np.nonzero((ends - starts == length) & column.is_valid().to_numpy(zero_copy_only=False))
    values = column.values.to_numpy()
    return values[starts[rows][:, None] + np.arange(length)], rows  # (rows, H)


def _plain(scores: Mapping[str, float]) -> dict[str, float]:
    return {str(label): float(score) for label, score in scores.items()}


def _clean(text: str) -> str:
    """``text`` with characters that no file can hold (halves of surrogate pairs) as question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")
