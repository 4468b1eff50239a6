"""API keys: who may ask, and whose speakers they may see."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from erckit.errors import SettingError

NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"[A-Za-z0-9._~+/=-]+")
_SHORTEST = 16


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key.

    Args:
        secret: What the client sends.
        namespace: The only namespace it may use; None lets it name any.
    """

    secret: bytes = field(repr=False)
    namespace: str | None = None


def parse_api_keys(text: str) -> tuple[ApiKey, ...]:
    """Keys as ``ERCKIT_API_KEY`` holds them: ``KEY``, or several as ``NAMESPACE:KEY,NAMESPACE:KEY``.

    Args:
        text: The variable's value; empty means no key.

    Raises:
        SettingError: A key that is short, has other characters or stands twice, or a wrong namespace. The message
            never shows a key.
    """
    keys: list[ApiKey] = []
    for number, entry in enumerate((part.strip() for part in text.split(",")), start=1):
        if not entry and not text.strip():
            return ()
        namespace, colon, secret = entry.rpartition(":")
        where = f"ERCKIT_API_KEY, key {number}"
        if colon and not NAMESPACE.fullmatch(namespace):
            raise SettingError(
                f"{where}: '{namespace[:64]}' is no namespace. Use 1 to 64 letters, digits, '.', '_' and '-'."
            )
        if len(secret) < _SHORTEST or not _KEY.fullmatch(secret):
            raise SettingError(
                f"{where}: a key needs at least {_SHORTEST} letters, digits or characters of '._~+/=-'. Make one with: "
                "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        if any(hmac.compare_digest(secret.encode(), known.secret) for known in keys):
            raise SettingError(f"{where}: the same key stands twice. Give each namespace a key of its own.")
        keys.append(ApiKey(secret.encode(), namespace if colon else None))
    return tuple(keys)


def matching_key(keys: Sequence[ApiKey], authorization: bytes) -> ApiKey | None:
    """The key that an ``Authorization`` header shows, or None.

    Takes ``Bearer KEY``, and ``Basic`` with the key as password, which is what a browser sends. Every key is compared,
    each in constant time, so that the time tells neither which key it was nor how much of it was right.
    """
    scheme, _, value = authorization.strip().partition(b" ")
    shown = value.strip()
    if scheme.lower() == b"basic":
        try:
            _, _, shown = base64.b64decode(shown, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return None
    elif scheme.lower() != b"bearer":
        return None
    found = None
    for key in keys:
        if hmac.compare_digest(shown, key.secret):
            found = key
    return found
