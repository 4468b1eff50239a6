"""One file per chat format."""
