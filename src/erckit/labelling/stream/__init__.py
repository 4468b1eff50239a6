"""Streams: utterances labelled as they come."""

from erckit.labelling.stream.stream import ConversationStream

__all__ = ["ConversationStream"]
