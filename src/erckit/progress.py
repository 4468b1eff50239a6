"""Progress of long work on standard error: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any

_LINE_EVERY_SECONDS = 30.0


class Progress:
    """Context manager that shows how far a loop has come and how long it will still take.

    Args:
        total: Units the whole work has, or None where that is not known.
        description: What is being done, such as ``"Encoding"``.
        unit: What is counted, in the plural.
        quiet: Show nothing.

    On a terminal this is a rich bar with the time left. Elsewhere (a log file, CI) it is one line at
    most every 30 seconds, and nothing at all for work that ends sooner.
    """

    def __init__(self, total: int | None, description: str, unit: str = "utterances", quiet: bool = False) -> None:
        self.total, self.description, self.unit, self.quiet = total, description, unit, quiet
        self.done = 0
        self._note = ""
        self._bar: Any = None
        self._task: Any = None
        self._started = self._printed = time.monotonic()
        self._has_printed = False

    def __enter__(self) -> Progress:
        self._started = self._printed = time.monotonic()
        if not self.quiet and sys.stderr is not None and sys.stderr.isatty():
            self._open_bar()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        elif self._has_printed and kind is None:
            self._print_line()

    def advance(self, n: int = 1, note: str | None = None) -> None:
        """Count ``n`` more units as done; ``note`` (such as ``"loss 1.23"``) replaces the note shown."""
        self.done += n
        if note is not None:
            self._note = note
        if self._bar is not None:
            self._bar.update(self._task, advance=n, note=self._note)
        elif not self.quiet and time.monotonic() - self._printed >= _LINE_EVERY_SECONDS:
            self._print_line()

    def set_total(self, total: int | None) -> None:
        """Correct the total once it is known (a download's size, a second pass)."""
        self.total = total
        if self._bar is not None:
            self._bar.update(self._task, total=total)

    def _open_bar(self) -> None:
        try:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress
        except ImportError:
            return
        self._bar = RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}", markup=False),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            console=Console(stderr=True),
            transient=False,
        )
        self._task = self._bar.add_task(self.description, total=self.total, unit=self.unit, note="")
        self._bar.start()

    def _print_line(self) -> None:
        self._printed = time.monotonic()
        self._has_printed = True
        print(self.line(), file=sys.stderr, flush=True)

    def line(self) -> str:
        """The state as one line: description, units done of total, time left, note."""
        elapsed = time.monotonic() - self._started
        parts = [f"{self.description}: {self.done:,}" + (f"/{self.total:,}" if self.total else "") + f" {self.unit}"]
        if self.total and 0 < self.done < self.total:
            parts.append(f"{duration_text(elapsed / self.done * (self.total - self.done))} left")
        else:
            parts.append(f"{duration_text(elapsed)}")
        if self._note:
            parts.append(self._note)
        return ", ".join(parts)


def duration_text(seconds: float) -> str:
    """Seconds as people say them, such as "1 h 05 min"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
