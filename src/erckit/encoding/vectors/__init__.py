"""Vectors of texts, cached on disk."""
