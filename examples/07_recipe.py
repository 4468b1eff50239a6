"""Read a recipe that comes along, and change a setting."""

from erckit import load_recipe

recipe = load_recipe("dialogue_rnn/emorynlp", overrides=["training.seed=2"])
print(recipe.name, recipe.corpus, recipe.model.name)
print(recipe.model.own)
