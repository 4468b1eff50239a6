"""A user's own corpus: columns, files, labels, splits."""
