"""Figures and pages made of results and labelled conversations."""

from __future__ import annotations

from erckit.reports.figures.ablation_figure import save_ablation_png
from erckit.reports.figures.confusion import save_confusion_png
from erckit.reports.figures.reliability import save_reliability_png
from erckit.reports.figures.risk_coverage import save_risk_coverage_png
from erckit.reports.leaderboard.markdown import leaderboard_markdown
from erckit.reports.leaderboard.page import write_leaderboard_page
from erckit.reports.pages.conversation_report import write_report

__all__ = [
    "leaderboard_markdown",
    "save_ablation_png",
    "save_confusion_png",
    "save_reliability_png",
    "save_risk_coverage_png",
    "write_leaderboard_page",
    "write_report",
]
