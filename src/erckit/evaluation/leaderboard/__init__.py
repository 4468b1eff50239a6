"""The leaderboard: rows and groups that cannot be told apart."""

from erckit.evaluation.leaderboard.leaderboard import Leaderboard, build_leaderboard

__all__ = ["Leaderboard", "build_leaderboard"]
