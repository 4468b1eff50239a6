"""Recipes: what a YAML says, for training and labelling alike."""
