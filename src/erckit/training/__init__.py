"""The training loop, sampling, losses, checkpoints, resume."""
