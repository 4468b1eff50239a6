"""Reads transcripts that clients send in a process of its own, which can be killed."""
