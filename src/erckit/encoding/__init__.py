"""Backbones, tokenising, packing conversations, the one-pass attention."""
