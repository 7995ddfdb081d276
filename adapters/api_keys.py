"""API keys: drawn, told from other texts, and hashed.

A key looks like ``tracuu_<27 characters>_<6 characters>``: 160 random bits and a
checksum, so that a mistyped key is known without asking anybody. Only its SHA-256 is
kept: with that many random bits nothing slower is needed.
"""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass

_BASE62 = string.digits + string.ascii_letters
_KEY = re.compile(r"(tracuu_[0-9A-Za-z]{27})_([0-9A-Za-z]{6})", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class ApiKey:
    """A key that opens the service. Prints as ``ApiKey(***)``, also in f-strings."""

    text: str
    """The key itself: shown once, to whom it is for."""

    def __repr__(self) -> str:
        return "ApiKey(***)"


def make_key() -> ApiKey:
    """Draw a new key."""
    body = "tracuu_" + "".join(secrets.choice(_BASE62) for _ in range(27))
    return ApiKey(f"{body}_{_checksum(body)}")


def looks_like_key(text: str) -> bool:
    """Whether this could be a key, by shape and checksum."""
    match = _KEY.fullmatch(text)
    return match is not None and match[2] == _checksum(match[1])


def hash_key(key: ApiKey) -> bytes:
    """What is kept of a key."""
    return hashlib.sha256(key.text.encode()).digest()


def _checksum(body: str) -> str:
    rest = zlib.crc32(body.encode())
    digits = ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = _BASE62[digit] + digits
    return digits
