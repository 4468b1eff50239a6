"""Figures and pages made of results and labelled conversations."""

from __future__ import annotations

from erckit.reports.ablation_figure import save_ablation_png
from erckit.reports.confusion import save_confusion_png
from erckit.reports.conversation_report import write_report
from erckit.reports.leaderboard_markdown import leaderboard_markdown
from erckit.reports.leaderboard_page import write_leaderboard_page
from erckit.reports.reliability import save_reliability_png
from erckit.reports.risk_coverage import save_risk_coverage_png

__all__ = [
    "leaderboard_markdown",
    "save_ablation_png",
    "save_confusion_png",
    "save_reliability_png",
    "save_risk_coverage_png",
    "write_leaderboard_page",
    "write_report",
]
