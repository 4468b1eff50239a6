"""Detection of a file's format, encoding and columns."""
