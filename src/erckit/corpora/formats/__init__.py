"""Forms in which corpora are passed on."""
