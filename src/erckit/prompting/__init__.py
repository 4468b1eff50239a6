"""Prompts of the systems on a causal language model, and the scores of their labels."""
