"""The leaderboard: rows and groups that cannot be told apart."""
