"""What a server is started with."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from erckit.errors import SettingError
from erckit.server.guards.api_keys import ApiKey
from erckit.server.guards.limits import Limits

MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]", "::1"})


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Settings of one server.

    Args:
        models: Id -> bundled model, model folder or hub name. Clients name ids and nothing else; the first is the
            default.
        host: Address to listen on.
        port: Port; 0 takes a free one.
        memory: Folder of the speaker memory, ``"memory"`` for one that ends with the process, or None for none.
        keeps_text: Whether the speaker memory keeps texts; None leaves an existing one as it is, a new one keeps them.
        keys: API keys; without one only loopback is allowed.
        allowed_hosts: Names under which the server may be asked, besides those of loopback and ``host``: those of a
            reverse proxy, ``NAME:PORT`` where pages come from another port than 80 and 443.
        log_text: Whether texts and error messages, which may hold texts, go to the log.
        precision: Arithmetic of the models: ``auto``, ``fp32`` or ``bf16``.
        limits: Bounds.

    Raises:
        SettingError: No model, an id that is none, or an address others can reach without a key.
    """

    models: Mapping[str, str]
    host: str = "127.0.0.1"
    port: int = 8000
    memory: str | Path | None = None
    keeps_text: bool | None = None
    keys: tuple[ApiKey, ...] = ()
    allowed_hosts: frozenset[str] = frozenset()
    log_text: bool = False
    precision: str = "auto"
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not self.models:
            raise SettingError("a server needs at least one model. Name one with --model.")
        for name in self.models:
            if not MODEL_ID.fullmatch(name):
                raise SettingError(
                    f"'{name}' cannot be a model's id: 1 to 64 letters, digits, '.', '_' and '-'. "
                    "Give one with --model ID=FOLDER."
                )
        if not self.keys and not is_loopback(self.host):
            raise SettingError(
                f"others can reach '{self.host}', so the server needs an API key. Set ERCKIT_API_KEY, or listen on "
                "127.0.0.1. Make a key with: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )

    @property
    def known_hosts(self) -> frozenset[str]:
        """Host names, in lower case, under which a server without a key answers."""
        allowed = {host.lower().partition(":")[0] for host in self.allowed_hosts}
        return LOOPBACK_NAMES | {self.host.lower()} | allowed


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
