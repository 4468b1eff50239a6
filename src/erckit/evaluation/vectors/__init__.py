"""Vector spaces judged: few-shot episodes, forced choice, the map of emotions."""
