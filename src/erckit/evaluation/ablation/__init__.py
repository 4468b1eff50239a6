"""Ablations: their plan, their runs, their table."""

from erckit.evaluation.ablation.ablation import run_ablation

__all__ = ["run_ablation"]
