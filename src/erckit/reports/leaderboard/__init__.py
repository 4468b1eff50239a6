"""The leaderboard as a page and as Markdown."""
