"""Figures of results as PNG."""
