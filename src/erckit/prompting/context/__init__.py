"""What prompts show: speaker's past, demonstrations, examples, biographies."""
