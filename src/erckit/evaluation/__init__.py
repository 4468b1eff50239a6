"""Protocols run on models: typed result files, several seeds, and their printed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erckit.evaluation.ablation import run_ablation
    from erckit.evaluation.ablation_plan import load_ablation
    from erckit.evaluation.calibration_summary import CalibrationSummary, summarize_calibration
    from erckit.evaluation.compare import compare_results
    from erckit.evaluation.comparison import Comparison
    from erckit.evaluation.comparison_text import format_comparison
    from erckit.evaluation.evaluate import evaluate_model
    from erckit.evaluation.leaderboard import Leaderboard, build_leaderboard
    from erckit.evaluation.result import PredictionRow, ProtocolRun, Result
    from erckit.evaluation.seeds import aggregate_results, evaluate_recipe
    from erckit.evaluation.stored_result import load_results
    from erckit.evaluation.summary import format_result, protocol_line

_HOMES = {
    "CalibrationSummary": "calibration_summary",
    "Comparison": "comparison",
    "Leaderboard": "leaderboard",
    "PredictionRow": "result",
    "ProtocolRun": "result",
    "Result": "result",
    "aggregate_results": "seeds",
    "build_leaderboard": "leaderboard",
    "compare_results": "compare",
    "evaluate_model": "evaluate",
    "evaluate_recipe": "seeds",
    "format_comparison": "comparison_text",
    "format_result": "summary",
    "load_ablation": "ablation_plan",
    "load_results": "stored_result",
    "protocol_line": "summary",
    "summarize_calibration": "calibration_summary",
    "run_ablation": "ablation",
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
