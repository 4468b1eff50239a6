"""Backbones, tokenising, packing conversations, the one-pass attention."""

import os

# oneDNN keeps a compiled kernel for each of the last 1,024 shapes it met, and torch a wrapper around each;
# conversations bring many shapes. They read these at their first use.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "128")
os.environ.setdefault("LRU_CACHE_CAPACITY", "128")
