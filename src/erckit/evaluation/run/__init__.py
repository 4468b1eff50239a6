"""Protocols run on systems: one evaluation, several seeds, mapped labels, baselines."""
