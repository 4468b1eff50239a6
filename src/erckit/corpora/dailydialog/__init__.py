"""DailyDialog: emotions, acts, topics."""
