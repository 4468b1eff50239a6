"""The hash that stands for a speaker's name in a store, and the checks of what may go into a filter."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

from erckit.errors import SpeakerMemoryError

_KEY = re.compile(r"[0-9a-f]{32}")
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def new_salt() -> bytes:
    """32 random bytes: the same name has another key in every store."""
    return secrets.token_bytes(32)


def speaker_key(salt: bytes, namespace: str, speaker: str) -> str:
    """The key of a speaker: 32 hexadecimal digits of HMAC-SHA256 over namespace and name.

    Args:
        salt: The store's secret.
        namespace: Whose speaker; the same name in another namespace has another key.
        speaker: The name; white space around it does not count.

    Raises:
        SpeakerMemoryError: No such namespace can be.
    """
    # A namespace holds no NUL, so two different pairs never give the same message.
    message = f"{checked_namespace(namespace)}\0{speaker.strip()}".encode("utf-8", "surrogatepass")
    return hmac.new(salt, message, hashlib.sha256).hexdigest()[:32]


def conversation_key(salt: bytes, namespace: str, conversation: str) -> str:
    """The key of a conversation's id, of the same form as a speaker's; the id counts as it is.

    Raises:
        SpeakerMemoryError: No such namespace can be.
    """
    message = f"conversation\0{checked_namespace(namespace)}\0{conversation}".encode("utf-8", "surrogatepass")
    return hmac.new(salt, message, hashlib.sha256).hexdigest()[:32]


def checked_key(key: str) -> str:
    """``key`` if it is one; nothing else may be written into a filter or a file name.

    Raises:
        SpeakerMemoryError: It is none.
    """
    if not _KEY.fullmatch(key):
        raise SpeakerMemoryError(f"{key!r} is not a speaker's key. Ask for the speaker by name.")
    return key


def checked_namespace(namespace: str) -> str:
    """``namespace`` if it may be one.

    Raises:
        SpeakerMemoryError: It may not.
    """
    if not _NAMESPACE.fullmatch(namespace):
        raise SpeakerMemoryError(
            f"{namespace!r} cannot be a namespace. Use 1 to 64 letters (a to z), digits, '.', '_' and '-', beginning "
            "with a letter or digit."
        )
    return namespace
