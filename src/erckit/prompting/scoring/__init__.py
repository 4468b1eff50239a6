"""Scores of labels from a causal language model."""
