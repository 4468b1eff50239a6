"""Toolbox of the networks: batches, readers, heads, layers, inference."""
