"""Tokens of the insurer's protocol: made and checked without being kept.

Any worker honours a token of any other, for they share the key. A token says nothing
by itself: what it is bound to comes with each call, and is compared.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LIFETIME = timedelta(minutes=10)
"""Source: the sample answers of công văn 1245/BHXH-CNTT of 3 May 2024."""

_EXPIRY_BYTES = 8
_MAC_BYTES = 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """What a token is bound to: whoever uses it must bring all of it."""

    username: str
    password_md5: str
    """32 hexadecimal digits, in either case."""

    id_token: str
    address: str
    """Where the caller connects from."""


class Tokens:
    """Makes tokens and knows them again."""

    def __init__(self, key: bytes, *others: bytes) -> None:
        """Make them with one key, and know those of others, too."""
        self._keys = key, *others

    def issue(self, holder: Holder, now: datetime) -> tuple[str, datetime]:
        """A token for this holder, and the instant at which it ends."""
        expires_at = now + LIFETIME
        expiry = ((expires_at - _EPOCH) // _TICK).to_bytes(_EXPIRY_BYTES)
        token = base64.urlsafe_b64encode(expiry + _mac(self._keys[0], expiry, holder))
        return token.rstrip(b"=").decode(), expires_at

    def opens(self, token: str, holder: Holder, now: datetime) -> bool:
        """Whether the token is this holder's and has not ended."""
        raw = _decoded(token)
        expiry, mac = raw[:_EXPIRY_BYTES], raw[_EXPIRY_BYTES:]
        is_ours = any(
            hmac.compare_digest(mac, _mac(key, expiry, holder)) for key in self._keys
        )
        return is_ours and now < _EPOCH + int.from_bytes(expiry) * _TICK


def _mac(key: bytes, expiry: bytes, holder: Holder) -> bytes:
    """Each part with its length, so that no two holders read alike."""
    mac = hmac.new(key, expiry, "sha256")
    for part in (
        holder.username,
        holder.password_md5.upper(),
        holder.id_token,
        holder.address,
    ):
        raw = part.encode(errors="surrogatepass")
        mac.update(len(raw).to_bytes(4) + raw)
    return mac.digest()


def _decoded(token: str) -> bytes:
    """The token's bytes; none for a text that no token has been written as."""
    try:
        raw = base64.b64decode(token.encode("ascii") + b"==", b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        return b""
    is_whole = len(raw) == _EXPIRY_BYTES + _MAC_BYTES
    is_as_written = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == token
    return raw if is_whole and is_as_written else b""
