"""Seals contents, so that who reads or writes Redis learns and forges nothing.

Sealed bytes are: form, version and ``not_after`` in clear (17 bytes), a nonce (12),
then content and tag by AES-256-GCM. Key, version and ``not_after`` are associated data:
a value opens only under the key, and with the label, it was sealed with. The key names
the facet.

Every entry is sealed with a key of its own, because random nonces bear only 2**32
seals per key and a fleet reaches that within weeks.
"""

import hashlib
import os
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cache.entry import Label, UnreadableError
from cache.key import subkey

FORM = 1
"""First byte of all that is sealed this way."""

NONCE_BYTES = 12

_LABEL = struct.Struct(">BQd")


class Seal:
    """Seals and opens with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = subkey(secret, b"seal")

    def seal(self, key: bytes, label: Label, plain: bytes) -> bytes:
        """Seal a content for one key."""
        clear = _LABEL.pack(FORM, label.version, label.not_after_s)
        nonce = os.urandom(NONCE_BYTES)
        return clear + nonce + self._cipher(key).encrypt(nonce, plain, key + clear)

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
            plain = self._cipher(key).decrypt(nonce, sealed[start:], key + clear)
        except InvalidTag:
            raise UnreadableError("the seal is broken") from None
        _, version, not_after_s = _LABEL.unpack(clear)
        return Label(version, not_after_s), plain

    def _cipher(self, key: bytes) -> AESGCM:
        return AESGCM(hashlib.blake2b(key, key=self._secret, digest_size=32).digest())
