"""Checks of corpora: repeated conversations, overlap of splits and speakers, order, counts."""
