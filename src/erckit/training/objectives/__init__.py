"""Training objectives: classification, metric learning, soft targets, head first."""
