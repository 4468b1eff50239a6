"""Answers that a language model writes, and the labels read from them."""
