"""A small typed client of the server; it needs nothing but Python."""

from erckit.client.client import Client
from erckit.client.errors import (
    NotAllowedError,
    NotFoundError,
    OverloadedError,
    RefusedError,
    ServerError,
    UnreachableError,
)
from erckit.client.model_info import ModelInfo
from erckit.client.speaker_summary import SpeakerSummary

__all__ = [
    "Client",
    "ModelInfo",
    "NotAllowedError",
    "NotFoundError",
    "OverloadedError",
    "RefusedError",
    "ServerError",
    "SpeakerSummary",
    "UnreachableError",
]
