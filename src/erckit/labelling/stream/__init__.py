"""Streams: utterances labelled as they come."""
