"""Labelled conversations out: one file per format. Light: no third-party import."""

from erckit.writers.jsonl import write_jsonl
from erckit.writers.table import write_csv
from erckit.writers.terminal import format_table

# Formats that write a file, for those who choose by name; "write_..." are the functions behind them.
WRITERS: dict[str, str] = {
    "jsonl": "erckit.writers.jsonl:write_jsonl",
    "csv": "erckit.writers.table:write_csv",
}

__all__ = ["WRITERS", "format_table", "write_csv", "write_jsonl"]
