"""Own labels from a few examples."""
