"""Under which key a record is stored: a keyed hash, so that no key tells a number.

A plain hash would not do: there are few enough citizen IDs to try them all.
"""

import base64
import hashlib

from lookup.citizen_id import Identifier
from lookup.record import Facet

PREFIX = "tracuu:1:"
"""Start of every name in Redis, for access rules and for people who look."""


def subkey(secret: bytes, purpose: bytes) -> bytes:
    """A key of 32 bytes for one purpose, of which the secret cannot be told.

    Args:
        secret: The 32 bytes of the setting ``cache_key``.
        purpose: At most 16 bytes, another for each use.
    """
    return hashlib.blake2b(key=secret, person=purpose, digest_size=32).digest()


class Keys:
    """Makes keys. Workers agree on them by the secret and the shape of entries."""

    def __init__(self, secret: bytes, shape: bytes) -> None:
        self._blank = hashlib.blake2b(
            key=subkey(secret, b"key"), salt=shape, digest_size=32
        )

    def of(self, identifier: Identifier, facet: Facet) -> bytes:
        """The 32 bytes under which this facet is stored for this number."""
        keyed = self._blank.copy()
        keyed.update(f"{identifier.kind}|{identifier.digits}|{facet}".encode())
        return keyed.digest()


def redis_name(key: bytes) -> str:
    """A key as Redis has it: the prefix and 43 characters of base64url."""
    return PREFIX + base64.urlsafe_b64encode(key).rstrip(b"=").decode()
