"""MELD, its emotions and its sentiment."""
