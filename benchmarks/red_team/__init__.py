"""How often hostile utterances get the label they ask for: the file of them, and the measurement."""

from red_team.flip_rate import FlipRates, Flips, flip_rates
from red_team.hostile_utterance import HostileUtterance, hostile_utterances

__all__ = ["FlipRates", "Flips", "HostileUtterance", "flip_rates", "hostile_utterances"]
