"""What is to be labelled, however it was given."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from erckit.conversation import Conversation
from erckit.readers import read_conversations


def given_conversations(given: Sequence[Conversation] | Conversation | str | Path) -> Sequence[Conversation]:
    """Conversations as given, one conversation, or those of a file.

    Conversations of the file that cannot be read are left out with a warning.

    Raises:
        FormatError: A file that cannot be read.
    """
    if isinstance(given, Conversation):
        return [given]
    if isinstance(given, str | Path):
        found = read_conversations(given)
        if found.skipped:
            warnings.warn(f"{given}: {found.line()}; the first: {found.skipped[0].reason}", stacklevel=3)
        return found.conversations
    return given
