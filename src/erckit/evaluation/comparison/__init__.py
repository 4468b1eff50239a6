"""Comparisons of results: paired tests, power, warnings, their printed form."""

from erckit.evaluation.comparison.comparison import Comparison

__all__ = ["Comparison"]
