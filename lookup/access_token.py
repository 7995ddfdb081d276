"""Access tokens: who may ask what for five minutes, signed, kept nowhere; pure.

Every worker that has the secret honours them. A client that is revoked is refused all
the same, because whoever reads a token looks the client up.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from lookup.errors import MalformedError
from lookup.public_keys import decode_base64url
from lookup.scopes import Scope

LIFE = timedelta(minutes=5)
"""Source: SMART App Launch 2.2, Backend Services: at most 300 seconds."""

TOKEN_MAX = 1024
"""Longest token worth reading, in characters."""

PREFIX = "tracuu-at."
"""Start of every token, to tell it from an API key at a glance."""

_MAC_BYTES = 32
_SCOPES = frozenset(Scope)


class _Content(msgspec.Struct, frozen=True, array_like=True):
    client_id: str
    scopes: tuple[str, ...]
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token gives."""

    client_id: str
    scopes: frozenset[Scope]


class AccessTokens:
    """Issues tokens with a key of 32 bytes, and reads those of others, too."""

    def __init__(self, key: bytes, *others: bytes) -> None:
        self._keys = key, *others

    def issue(self, grant: Grant, *, now: datetime) -> str:
        """Write a token that lives from now on."""
        expires_at_s = (now + LIFE).timestamp()
        content = _Content(grant.client_id, tuple(sorted(grant.scopes)), expires_at_s)
        body = msgspec.msgpack.encode(content)
        sealed = base64.urlsafe_b64encode(_mac(self._keys[0], body) + body)
        return PREFIX + sealed.rstrip(b"=").decode()

    def read(self, text: str, *, now: datetime) -> Grant | None:
        """What a token gives; None if it is not ours, was changed or has expired."""
        if not text.startswith(PREFIX) or len(text) > TOKEN_MAX:
            return None
        try:
            sealed = decode_base64url(text.removeprefix(PREFIX))
        except MalformedError:
            return None
        mac, body = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(key, body)) for key in self._keys):
            return None
        content = msgspec.msgpack.decode(body, type=_Content)
        if datetime.fromtimestamp(content.expires_at_s, UTC) <= now:
            return None
        known = _SCOPES.intersection(content.scopes)
        return Grant(content.client_id, frozenset(map(Scope, known)))


def _mac(key: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=key, digest_size=_MAC_BYTES).digest()
