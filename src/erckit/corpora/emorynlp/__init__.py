"""EmoryNLP, as published and aligned with its episodes."""
