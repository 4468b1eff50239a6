"""Who gets in: keys, limits of rate and size, queues, refusals."""
