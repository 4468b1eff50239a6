"""Training examples of prompt systems."""
