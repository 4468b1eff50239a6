"""Protocols run on models: typed result files, several seeds, and their printed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from erckit.evaluation.evaluate import evaluate_model
    from erckit.evaluation.result import PredictionRow, ProtocolRun, Result
    from erckit.evaluation.seeds import aggregate_results, evaluate_recipe
    from erckit.evaluation.summary import format_result, protocol_line

_HOMES = {
    "PredictionRow": "result",
    "ProtocolRun": "result",
    "Result": "result",
    "aggregate_results": "seeds",
    "evaluate_model": "evaluate",
    "evaluate_recipe": "seeds",
    "format_result": "summary",
    "protocol_line": "summary",
}
__all__ = [
    "PredictionRow",
    "ProtocolRun",
    "Result",
    "aggregate_results",
    "evaluate_model",
    "evaluate_recipe",
    "format_result",
    "protocol_line",
]


def __getattr__(name: str) -> Any:
    """Import on first use, so that reading a result does not load numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'erckit.evaluation' has no attribute '{name}'")
    import importlib

    return getattr(importlib.import_module(f"erckit.evaluation.{_HOMES[name]}"), name)
