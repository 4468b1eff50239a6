"""Comparisons of results: paired tests, power, warnings, their printed form."""
