"""Mappings of label sets to each other."""

from erckit.corpora.mappings.mappings import count_left_out, find_mapping, map_corpus

__all__ = ["count_left_out", "find_mapping", "map_corpus"]
