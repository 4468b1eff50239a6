"""Protocols run on models: typed result files, several seeds, and their printed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erckit.evaluation.ablation.ablation import run_ablation
    from erckit.evaluation.ablation.ablation_plan import load_ablation
    from erckit.evaluation.calibration.calibration_summary import CalibrationSummary, summarize_calibration
    from erckit.evaluation.comparison.compare import compare_results
    from erckit.evaluation.comparison.comparison import Comparison
    from erckit.evaluation.comparison.comparison_text import format_comparison
    from erckit.evaluation.leaderboard.leaderboard import Leaderboard, build_leaderboard
    from erckit.evaluation.results.result import PredictionRow, ProtocolRun, Result
    from erckit.evaluation.results.stored_result import load_results
    from erckit.evaluation.results.summary import format_result, protocol_line
    from erckit.evaluation.run.evaluate import evaluate_model
    from erckit.evaluation.run.seeds import aggregate_results, evaluate_recipe

_HOMES = {
    "CalibrationSummary": "calibration.calibration_summary",
    "Comparison": "comparison.comparison",
    "Leaderboard": "leaderboard.leaderboard",
    "PredictionRow": "results.result",
    "ProtocolRun": "results.result",
    "Result": "results.result",
    "aggregate_results": "run.seeds",
    "build_leaderboard": "leaderboard.leaderboard",
    "compare_results": "comparison.compare",
    "evaluate_model": "run.evaluate",
    "evaluate_recipe": "run.seeds",
    "format_comparison": "comparison.comparison_text",
    "format_result": "results.summary",
    "load_ablation": "ablation.ablation_plan",
    "load_results": "results.stored_result",
    "protocol_line": "results.summary",
    "summarize_calibration": "calibration.calibration_summary",
    "run_ablation": "ablation.ablation",
}
__all__ = [
    "CalibrationSummary",
    "Comparison",
    "Leaderboard",
    "PredictionRow",
    "ProtocolRun",
    "Result",
    "aggregate_results",
    "build_leaderboard",
    "compare_results",
    "evaluate_model",
    "evaluate_recipe",
    "format_comparison",
    "format_result",
    "load_ablation",
    "load_results",
    "protocol_line",
    "run_ablation",
    "summarize_calibration",
]


def __getattr__(name: str) -> Any:
    """Import on first use, so that reading a result does not load numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'erckit.evaluation' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(f"erckit.evaluation.{_HOMES[name]}"), name)
