"""Engines that answer: endpoints and local models, with budget and cache."""
