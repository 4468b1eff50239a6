"""Chat formats in: one file per format. Light: no third-party import."""

from erckit.readers.read_conversations import read_conversations
from erckit.readers.read_text import read_bytes
from erckit.readers.reader_table import READERS
from erckit.readers.report import ReadReport, Skipped

__all__ = ["READERS", "ReadReport", "Skipped", "read_bytes", "read_conversations"]
