"""Prompts: their styles, what they show, how they quote."""
