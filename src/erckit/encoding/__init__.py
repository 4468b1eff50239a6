"""Backbones, tokenising, packing conversations, the one-pass attention."""

import os

# oneDNN keeps a compiled kernel for each of the last 1,024 shapes it met, and conversations bring many shapes.
# It reads this at its first use.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
