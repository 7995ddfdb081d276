"""What a client signs to prove who it is (private_key_jwt), read and checked; pure.

Whether it was used before is not known here; ``lookup.ports.AssertionLog`` says.

Source: RFC 7515 (compact form); RFC 7523, section 3; SMART App Launch 2.2, Backend
Services.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from lookup.errors import MalformedError
from lookup.public_keys import PublicKey, decode_base64url
from lookup.record import Private

ASSERTION_MAX = 8 * 1024
"""Longest assertion worth reading, in characters; usual ones have 600."""

LIFE_MAX_S = 300.0
"""Longest time from now to ``exp``, in seconds."""

SKEW_S = 5.0
"""How far the client's clock may be off, in seconds."""

JTI_MAX = 128

PARTS = 3
"""Header, claims and signature."""


class _Header(Private, frozen=True, forbid_unknown_fields=True):
    """Only these three: a token that brings its own key or rules is refused.

    ``jku``, ``jwk``, ``x5u``, ``x5c`` and ``crit`` are how tokens do that.
    """

    alg: str
    kid: str
    typ: str = "JWT"


class _Claims(Private, frozen=True):
    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    jti: str
    nbf: float = 0.0
    iat: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class Assertion:
    """A well-formed assertion of which nothing is proven until ``prove``."""

    header: _Header
    claims: _Claims
    signed: bytes
    signature: bytes

    @property
    def client_id(self) -> str:
        """Who it says it is."""
        return self.claims.sub

    @property
    def jti(self) -> str:
        """Its own name, to be used once."""
        return self.claims.jti

    @property
    def forget_after(self) -> datetime:
        """From this instant on it is refused anyway."""
        return datetime.fromtimestamp(self.claims.exp + SKEW_S, UTC)

    def is_signed_by(self, keys: Mapping[str, PublicKey]) -> bool:
        """Whether one of these keys, the one it names, has signed it."""
        key = keys.get(self.header.kid)
        return (
            key is not None
            and self.header.alg == key.algorithm
            and key.has_signed(self.signed, self.signature)
        )

    def fault(self, *, audience: str, now: datetime) -> str | None:
        """What is wrong with its claims, None when all is well.

        Args:
            audience: Address of the token endpoint, as the client must know it.
            now: This instant.
        """
        claims, now_s = self.claims, now.timestamp()
        rules = {
            "iss and sub must both be the client's name": claims.iss == claims.sub,
            "aud must be the address of the token endpoint and nothing else": (
                claims.aud in (audience, (audience,))
            ),
            "it has expired": now_s < claims.exp + SKEW_S,
            "exp must lie within 5 minutes": (
                claims.exp <= now_s + LIFE_MAX_S + SKEW_S
            ),
            "it is not valid yet": max(claims.nbf, claims.iat) <= now_s + SKEW_S,
            f"jti must have 1 to {JTI_MAX} characters": 0 < len(claims.jti) <= JTI_MAX,
        }
        return next((fault for fault, is_kept in rules.items() if not is_kept), None)


def read_assertion(text: str) -> Assertion:
    """Read a signed assertion; whether it is true is not looked at.

    Raises:
        MalformedError: It is too long, not three parts of base64url, brings a key
            of its own, or lacks a claim.
    """
    if len(text) > ASSERTION_MAX:
        raise MalformedError("is too long")
    parts = text.split(".")
    if len(parts) != PARTS:
        raise MalformedError("must have three parts")
    header, claims, signature = map(decode_base64url, parts)
    try:
        return Assertion(
            header=msgspec.json.decode(header, type=_Header),
            claims=msgspec.json.decode(claims, type=_Claims),
            signed=text.rpartition(".")[0].encode(),
            signature=signature,
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise MalformedError(
            "must have alg, kid and at most typ in its header; iss, sub, aud, exp and "
            "jti in its claims"
        ) from None
