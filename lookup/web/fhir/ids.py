"""Ids of resources: a person's number, sealed, so that an address may hold it.

An id tells nothing, cannot be made by others and opens only for the client it was
given to: having it proves that this client once knew the person by number and name or
birth date, or may ask by number alone. It has no end, because neither has that proof;
what the client may see is looked at with every request. The same person has the same
id for one client as long as the secret of the service stays, so it may be kept; one
of the secret before opens while that is read, too.
"""

import base64
import re
from contextlib import suppress

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from lookup.citizen_id import (
    CardNumber,
    CitizenId,
    Identifier,
    LegacyId,
    SocialInsuranceNumber,
)

_ID = re.compile(r"[A-Za-z0-9.-]{24,64}")
"""What FHIR allows as an id, and no shorter than a tag."""

_KINDS: dict[bytes, type[Identifier]] = {
    b"i": CitizenId,
    b"l": LegacyId,
    b"c": CardNumber,
    b"s": SocialInsuranceNumber,
}


class Ids:
    """Seals numbers into ids and opens them, with AES-SIV and a key of 32 bytes.

    The same number gives the same id, which is what FHIR wants of ids and what other
    ciphers must not do.
    """

    def __init__(self, key: bytes, *others: bytes) -> None:
        """Seal with one key; open with others, too."""
        self._ciphers = [AESSIV(each) for each in (key, *others)]

    def seal(self, identifier: Identifier, *, resource: str, client_id: str) -> str:
        """The id of what this resource says about a number, for one client."""
        (mark,) = (m for m, kind in _KINDS.items() if isinstance(identifier, kind))
        plain = mark + identifier.digits.encode()
        cipher = self._ciphers[0]
        return _written(cipher.encrypt(plain, _bound_to(resource, client_id)))

    def open(self, text: str, *, resource: str, client_id: str) -> Identifier | None:
        """The number behind an id; None when it was not given to this client."""
        if not _ID.fullmatch(text) or len(text) % 4 == 1:
            return None
        padded = text.replace(".", "_") + "=" * (-len(text) % 4)
        sealed = base64.urlsafe_b64decode(padded)
        if _written(sealed) != text:
            return None
        for cipher in self._ciphers:
            with suppress(InvalidTag):
                plain = cipher.decrypt(sealed, _bound_to(resource, client_id))
                return _KINDS[plain[:1]](plain[1:].decode())
        return None


def _written(sealed: bytes) -> str:
    """Base64url with a full stop for the underscore, which FHIR has not in ids."""
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode().replace("_", ".")


def _bound_to(resource: str, client_id: str) -> list[bytes]:
    return [resource.encode(), client_id.encode()]
