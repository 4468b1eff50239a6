"""Results: what an evaluation writes, read back, summed up, and what papers printed."""
