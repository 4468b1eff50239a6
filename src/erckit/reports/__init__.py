"""Figures and pages made of results and labelled conversations."""

from __future__ import annotations

from erckit.reports.confusion import save_confusion_png
from erckit.reports.conversation_report import write_report

__all__ = ["save_confusion_png", "write_report"]
