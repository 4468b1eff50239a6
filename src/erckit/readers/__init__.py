"""Chat formats in: one file per format. Light: no third-party import."""

from erckit.readers.read_conversations import READERS, read_conversations
from erckit.readers.report import ReadReport, Skipped

__all__ = ["READERS", "ReadReport", "Skipped", "read_conversations"]
