"""A corpus, two readers, a writer and a metric, brought to erckit by entry points."""
