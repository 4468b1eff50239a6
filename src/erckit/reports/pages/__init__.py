"""HTML pages: the report of a conversation, the emotion map, the prompts of a system."""
