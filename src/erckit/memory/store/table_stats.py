"""Count what a table of utterances holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from erckit.memory.store.store_stats import StoreStats

if TYPE_CHECKING:
    import pyarrow as pa


def table_stats(
    rows: pa.Table, namespaces: pa.Table, biographies: int, keeps_text: bool, size: int, fragments: int
) -> StoreStats:
    """Statistics of rows.

    Args:
        rows: Columns speaker_key, namespace, conversation, time and model of the rows to count.
        namespaces: Column namespace of all rows.
        biographies: How many there are.
        keeps_text: Whether texts are kept.
        size: Bytes on disk.
        fragments: Files with rows.
    """
    import pyarrow.compute as pc

    span = pc.min_max(rows["time"]).as_py()
    return StoreStats(
        utterances=rows.num_rows,
        speakers=pc.count_distinct(rows["speaker_key"]).as_py(),
        conversations=rows.group_by(["namespace", "conversation"]).aggregate([]).num_rows,
        biographies=biographies,
        first_time=span["min"],
        last_time=span["max"],
        models=dict(sorted(_counts(rows, "model").items(), key=lambda item: -item[1])),
        namespaces=dict(sorted(_counts(namespaces, "namespace").items())),
        keeps_text=keeps_text,
        bytes=size,
        fragments=fragments,
    )


def _counts(rows: pa.Table, column: str) -> Mapping[str, int]:
    return {item["values"]: item["counts"] for item in rows[column].value_counts().to_pylist()}
