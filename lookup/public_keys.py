"""The public keys by which a client proves who it is: a JWK set, read and checked.

Only what SMART Backend Services asks for: RS384 and ES384. A key says by its own type
which algorithm it takes, so no token can choose another.

Source: RFC 7517; RFC 7518, sections 3.3, 3.4 and 6; SMART App Launch 2.2.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA384

from lookup.errors import MalformedError

KEYS_MAX = 8
"""Most keys a client may have at once; two are enough to change one for another."""

RSA_BITS_MIN = 2048
RSA_BITS_MAX = 8192
"""Above this a check takes longer than a lookup."""

EXPONENT_BITS_MAX = 32

COORDINATE_BYTES = 48
"""A coordinate of P-384, and each half of a signature by it."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    """A key whose signatures are RS384."""

    key: rsa.RSAPublicKey
    algorithm = "RS384"

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Whether the signature over the content is by this key."""
        try:
            self.key.verify(signature, content, padding.PKCS1v15(), SHA384())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class EcKey:
    """A key on P-384 whose signatures are ES384."""

    key: ec.EllipticCurvePublicKey
    algorithm = "ES384"

    def has_signed(self, content: bytes, signature: bytes) -> bool:
        """Whether the signature over the content is by this key."""
        if len(signature) != 2 * COORDINATE_BYTES:
            return False
        halves = signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]
        r, s = (int.from_bytes(half) for half in halves)
        try:
            der = utils.encode_dss_signature(r, s)
            self.key.verify(der, content, ec.ECDSA(SHA384()))
        except InvalidSignature:
            return False
        return True


PublicKey = RsaKey | EcKey


class _Jwk(msgspec.Struct, frozen=True):
    kty: str
    kid: str
    n: str = ""
    e: str = ""
    crv: str = ""
    x: str = ""
    y: str = ""
    d: str | None = None
    """The private part, which has no business here."""


class _KeySet(msgspec.Struct, frozen=True):
    keys: tuple[_Jwk, ...]


def read_key_set(document: bytes) -> Mapping[str, PublicKey]:
    """Read a JWK set: its keys by their ``kid``.

    Raises:
        MalformedError: It is no JWK set, has no key or too many, the same ``kid``
            twice, a private key, or a key that is neither RSA of at least 2,048
            bits nor on P-384.
    """
    try:
        jwks = msgspec.json.decode(document, type=_KeySet).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise MalformedError(
            'must be a JWK set: {"keys": [...]}, each with a "kty" and a "kid"'
        ) from None
    if not 0 < len(jwks) <= KEYS_MAX:
        raise MalformedError(f"must hold 1 to {KEYS_MAX} keys; it holds {len(jwks)}")
    keys = {jwk.kid: _public_key(jwk) for jwk in jwks}
    if len(keys) != len(jwks):
        raise MalformedError("must give every key a kid of its own")
    return keys


def decode_base64url(text: str) -> bytes:
    """Read base64url as JOSE writes it, without padding.

    Raises:
        MalformedError: It is anything else.
    """
    try:
        raw = base64.b64decode(
            text.encode() + b"=" * (-len(text) % 4), b"-_", validate=True
        )
    except (binascii.Error, UnicodeEncodeError):
        raw = b""
    # One way to write it: without this, unused bits could be set at will.
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != text:
        raise MalformedError("is not base64url")
    return raw


def _public_key(jwk: _Jwk) -> PublicKey:
    if jwk.d is not None:
        raise MalformedError("holds a private key: keep it, and send the public one")
    if not jwk.kid:
        raise MalformedError("must give every key a kid of its own")
    try:
        if jwk.kty == "RSA":
            return RsaKey(_rsa_key(jwk))
        if jwk.kty == "EC" and jwk.crv == "P-384":
            return EcKey(_ec_key(jwk))
    except ValueError as error:
        reason = f": {error}" if isinstance(error, MalformedError) else ""
        raise MalformedError(f"holds a key that is none{reason}") from None
    raise MalformedError("must hold only RSA keys and keys on P-384")


def _rsa_key(jwk: _Jwk) -> rsa.RSAPublicKey:
    exponent, modulus = (int.from_bytes(decode_base64url(t)) for t in (jwk.e, jwk.n))
    if not RSA_BITS_MIN <= modulus.bit_length() <= RSA_BITS_MAX:
        raise MalformedError(f"RSA needs {RSA_BITS_MIN} to {RSA_BITS_MAX} bits")
    if exponent.bit_length() > EXPONENT_BITS_MAX:
        raise MalformedError("its exponent is too large")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _ec_key(jwk: _Jwk) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(decode_base64url(t)) for t in (jwk.x, jwk.y))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP384R1()).public_key()
