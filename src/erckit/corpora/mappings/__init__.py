"""Mappings of label sets to each other."""
