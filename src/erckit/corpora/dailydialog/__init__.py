"""DailyDialog: emotions, acts, topics."""

from erckit.corpora.dailydialog.dailydialog import DAILYDIALOG

__all__ = ["DAILYDIALOG"]
