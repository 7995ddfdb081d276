"""Seals contents, so that who reads or writes Redis learns and forges nothing.

Sealed bytes are: form, version and ``not_after`` in clear (17 bytes), a nonce (12),
then content and tag by AES-256-GCM. Key, version and ``not_after`` are associated data:
a value opens only under the key, and with the label, it was sealed with. The key names
the facet.

There are 256 keys for sealing, one for each first byte of an entry's key, because
random nonces bear only 2**32 seals per key: one alone would serve a fleet for weeks,
these serve it for longer than their secret lives.
"""

import hashlib
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cache.entry import Label, UnreadableError
from cache.key import subkey

FORM = 2
"""First byte of all that is sealed this way."""

NONCE_BYTES = 12

_LABEL = struct.Struct(">BQd")


class Seal:
    """Seals and opens with one secret."""

    def __init__(self, secret: bytes) -> None:
        sealing = subkey(secret, b"seal")
        self._ciphers = [
            AESGCM(
                hashlib.blake2b(bytes([first]), key=sealing, digest_size=32).digest()
            )
            for first in range(256)
        ]

    def seal(self, key: bytes, label: Label, plain: bytes) -> bytes:
        """Seal a content for one key."""
        clear = _LABEL.pack(FORM, label.version, label.not_after_s)
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._ciphers[key[0]]
        return clear + nonce + cipher.encrypt(nonce, plain, key + clear)

    def open(self, key: bytes, sealed: bytes) -> tuple[Label, bytes]:
        """Open what was sealed for this key.

        Raises:
            UnreadableError: It is of another key, secret or form, cut or changed.
        """
        clear = sealed[: _LABEL.size]
        start = _LABEL.size + NONCE_BYTES
        if len(sealed) < start or sealed[0] != FORM:
            raise UnreadableError("not sealed by us")
        nonce = sealed[_LABEL.size : start]
        try:
            cipher = self._ciphers[key[0]]
            plain = cipher.decrypt(nonce, sealed[start:], key + clear)
        except InvalidTag:
            raise UnreadableError("the seal is broken") from None
        _, version, not_after_s = _LABEL.unpack(clear)
        return Label(version, not_after_s), plain
