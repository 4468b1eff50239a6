"""Ablations: their plan, their runs, their table."""
