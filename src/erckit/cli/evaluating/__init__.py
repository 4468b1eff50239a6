"""What ``erckit evaluate`` may be given: a model, recipe, baseline, vector space, or a language model that writes."""
