"""The keys of the audit: hashes of numbers, signatures, and seals for one reader.

A number stands in no audit in clear. Its keyed hash finds it again; sealed for the
data-protection officer it can be read, by nobody else, not even by this service.
"""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32

_ONCE = bytes(12)
"""Nonce of a key that seals one thing only."""


class UnsealedError(Exception):
    """What was sealed is for another key, or was changed."""


class AuditKeys:
    """What one secret of the service gives: hashes, signatures, and the worklist's.

    Of other secrets, the next or the last, only what is needed to read comes with it.
    """

    def __init__(self, secret: bytes, *others: bytes) -> None:
        self._blank = hashlib.blake2b(key=_derived(secret, b"number"), digest_size=16)
        self._worklist = _derived(secret, b"worklist")
        self._signer = Ed25519PrivateKey.from_private_bytes(_derived(secret, b"sign"))
        self.signer = self._signer.public_key().public_bytes_raw().hex()
        """Public key of the signatures, in hexadecimal digits."""

        self._all = [self, *map(AuditKeys, others)]
        self.signers = frozenset(each.signer for each in self._all)
        """The same, and those of the other secrets."""

    def hash_of(self, kind: str, number: str) -> str:
        """32 hexadecimal digits that are the same for the same number."""
        keyed = self._blank.copy()
        keyed.update(f"{kind}|{number}".encode())
        return keyed.hexdigest()

    def hashes_of(self, kind: str, number: str) -> list[str]:
        """The hashes under which a number may stand, by each of the secrets."""
        return [each.hash_of(kind, number) for each in self._all]

    def sign(self, message: bytes) -> str:
        """Ed25519, in hexadecimal digits."""
        return self._signer.sign(message).hex()

    def worklist_key(self, salt: bytes) -> bytes:
        """The key of one file, for numbers on their way to the worklist."""
        return hashlib.blake2b(salt, key=self._worklist, digest_size=KEY_BYTES).digest()

    def worklist_keys(self, salt: bytes) -> list[bytes]:
        """The keys of a file that was written with one of the secrets."""
        return [each.worklist_key(salt) for each in self._all]


class NumberSeal:
    """Seals numbers with one key, each under the place of its event in the chain."""

    def __init__(self, key: bytes, chain: str) -> None:
        self._cipher = AESGCM(key)
        self._chain = chain.encode()

    def seal(self, place: int, text: str) -> str:
        """Seal once for a place, in base64; a place must never come again."""
        sealed = self._cipher.encrypt(_nonce(place), text.encode(), self._chain)
        return base64.b64encode(sealed).decode()

    def open(self, place: int, sealed: str) -> str:
        """Open what was sealed for this place.

        Raises:
            UnsealedError: It was not, or with another key.
        """
        try:
            raw = base64.b64decode(sealed)
            return self._cipher.decrypt(_nonce(place), raw, self._chain).decode()
        except (InvalidTag, ValueError):
            raise UnsealedError("sealed for another key or place") from None


def is_signed(message: bytes, signature: str, signer: str) -> bool:
    """Whether the owner of the public key ``signer`` has signed the message."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signer))
        key.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def make_officer_key() -> tuple[str, str]:
    """A new pair for the data-protection officer: private and public, in base64."""
    private = X25519PrivateKey.generate()
    public = private.public_key()
    return _text(private.private_bytes_raw()), _text(public.public_bytes_raw())


def seal_for(officer_key: str, key: bytes) -> str:
    """Seal a key so that only the owner of the private half reads it, in base64.

    A key pair made for this alone agrees on a secret with the officer's (X25519, HKDF,
    AES-GCM); its private half is forgotten at once.
    """
    once = X25519PrivateKey.generate()
    officer = base64.b64decode(officer_key)
    public = once.public_key().public_bytes_raw()
    agreed = once.exchange(X25519PublicKey.from_public_bytes(officer))
    return _text(public + _box(agreed, public + officer).encrypt(_ONCE, key, None))


def open_as_officer(private_key: str, sealed: str) -> bytes:
    """Open what was sealed for the officer.

    Raises:
        UnsealedError: It was sealed for another key, or this is none.
    """
    try:
        private = X25519PrivateKey.from_private_bytes(base64.b64decode(private_key))
        raw = base64.b64decode(sealed)
        once = raw[:KEY_BYTES]
        agreed = private.exchange(X25519PublicKey.from_public_bytes(once))
        box = _box(agreed, once + private.public_key().public_bytes_raw())
        return box.decrypt(_ONCE, raw[KEY_BYTES:], None)
    except (InvalidTag, ValueError):
        raise UnsealedError("sealed for another officer's key") from None


def fresh_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def _box(agreed: bytes, parties: bytes) -> AESGCM:
    """The cipher two key pairs agree on, bound to both of them."""
    derive = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"tracuu audit" + parties)
    return AESGCM(derive.derive(agreed))


def _derived(secret: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(key=secret, person=purpose, digest_size=KEY_BYTES).digest()


def _nonce(place: int) -> bytes:
    return place.to_bytes(12, "big")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
