"""A causal language model in one pass over a conversation, and LoRA."""
