"""Step 1: what the desk asks, as untyped texts of any dialect and as checked values.

Whether this client may ask so is for ``lookup.service``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, TypeVar

from msgspec import Meta

from lookup.characters import plain
from lookup.citizen_id import Identifier, parse_card_number, parse_person_number
from lookup.dates import parse_birth_date, parse_day
from lookup.errors import Fault, InvalidRequestError, MalformedError
from lookup.names import parse_name
from lookup.qr import QrContent, parse_qr
from lookup.record import BirthDate, Facet, Private

OPERATOR_MAX = 100
"""Longest name of who sits at the desk, in characters."""

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)


class Purpose(StrEnum):
    """Why the desk asks; kept in the audit."""

    RECEPTION = "reception"
    TREATMENT = "treatment"
    DISCHARGE = "discharge"
    EMERGENCY = "emergency"


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """Who the desk says the number belongs to; None is what it does not say."""

    full_name: str | None
    birth_date: BirthDate | None

    def missing(self) -> list[Fault]:
        """What is not claimed, as faults; for a source that must be told both."""
        reason = "is missing: the insurer's gateway is asked with it"
        claimed = {"/full_name": self.full_name, "/birth_date": self.birth_date}
        return [Fault(field, reason) for field in claimed if claimed[field] is None]


class LookupRequest(Private, frozen=True):
    """One lookup, well formed. Prints without content."""

    identifier: Identifier
    claim: Claim
    on: date
    """Day of service."""

    facets: frozenset[Facet]
    """What is asked for; coverage always is."""

    purpose: Purpose
    operator: str | None
    """Who sits at the desk, for the audit only."""

    @property
    def has_claim(self) -> bool:
        """Whether anything is claimed beside the number."""
        claim = self.claim
        return claim.full_name is not None or claim.birth_date is not None


class RequestFields(Private, frozen=True, forbid_unknown_fields=True):
    """A lookup as it was sent: texts, not yet looked at.

    Exactly one of ``citizen_id``, ``qr`` and ``card_number``.
    """

    citizen_id: Annotated[
        str | None,
        Meta(
            description="12 digits, or the old 9-digit number. Spaces, dots, dashes "
            "and full-width digits are accepted."
        ),
    ] = None
    qr: Annotated[
        str | None,
        Meta(description="Payload of a citizen card's or insurance card's QR code."),
    ] = None
    card_number: Annotated[
        str | None,
        Meta(description="Insurance card: 15 characters, or 10 digits."),
    ] = None
    full_name: Annotated[
        str | None,
        Meta(description="Name as on the identity document; accents may be missing."),
    ] = None
    birth_date: Annotated[
        str | None,
        Meta(
            description="YYYY-MM-DD, DD/MM/YYYY, DDMMYYYY, or only MM/YYYY, YYYY-MM or "
            "YYYY."
        ),
    ] = None
    on: Annotated[
        str | None,
        Meta(
            description="Day of service: YYYY-MM-DD, DD/MM/YYYY or DDMMYYYY. Today in "
            "Việt Nam unless given."
        ),
    ] = None
    include: Annotated[
        tuple[str, ...] | None,
        Meta(description="Any of coverage and health; coverage always is."),
    ] = None
    purpose: Annotated[
        str | None,
        Meta(
            description="One of reception, treatment, discharge and emergency; "
            "reception unless given. Health needs it given."
        ),
    ] = None
    operator: Annotated[
        str | None,
        Meta(description="Who sits at the desk: name or staff number, for the audit."),
    ] = None


_IDENTIFIERS = ("citizen_id", "qr", "card_number")


def read_request(fields: RequestFields, *, today: date) -> LookupRequest:
    """Check every field, and say at once everything that is wrong.

    A QR code brings name and date of birth along; what is sent beside it wins.

    Args:
        fields: The texts as sent.
        today: This day at the desk.

    Raises:
        InvalidRequestError: One fault or more, each with its field, never a value.
    """
    reader = _Reader()
    scanned = reader.read("/qr", parse_qr, fields.qr, today=today)
    identifier = _identifier(fields, scanned, reader)
    claim = _claim(fields, scanned, reader, today=today)
    on = reader.read("/on", parse_day, fields.on, today=today)
    facets = _facets(fields, reader)
    purpose = reader.read("/purpose", _purpose, fields.purpose)
    operator = reader.read("/operator", _parse_operator, fields.operator)
    if reader.faults or identifier is None:
        raise InvalidRequestError(*reader.faults)
    return LookupRequest(
        identifier=identifier,
        claim=claim,
        on=on or today,
        facets=facets,
        purpose=purpose or Purpose.RECEPTION,
        operator=operator,
    )


class _Reader:
    """Reads one text after the other and keeps what is wrong with them."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def read(
        self, pointer: str, parse: Callable[..., T], text: str | None, **about: date
    ) -> T | None:
        """What the text means; None when there is none or it is at fault."""
        if text is None:
            return None
        try:
            return parse(text, **about)
        except MalformedError as malformed:
            self.faults.append(Fault(pointer, str(malformed)))
            return None


def _identifier(
    fields: RequestFields, scanned: QrContent | None, reader: _Reader
) -> Identifier | None:
    number = reader.read("/citizen_id", parse_person_number, fields.citizen_id)
    card = reader.read("/card_number", parse_card_number, fields.card_number)
    given = [name for name in _IDENTIFIERS if getattr(fields, name) is not None]
    if not given:
        missing = "is missing: send one of citizen_id, qr and card_number"
        reader.faults.append(Fault("/citizen_id", missing))
    elif len(given) > 1:
        crowd = "must be alone: send only one of " + ", ".join(given)
        reader.faults.extend(Fault(f"/{name}", crowd) for name in given)
    return number or card or (scanned.identifier if scanned else None)


def _claim(
    fields: RequestFields, scanned: QrContent | None, reader: _Reader, *, today: date
) -> Claim:
    name = reader.read("/full_name", parse_name, fields.full_name)
    birth = reader.read("/birth_date", parse_birth_date, fields.birth_date, today=today)
    if scanned is not None:
        name = name or scanned.full_name
        birth = birth or scanned.birth_date
    return Claim(full_name=name, birth_date=birth)


_COVERAGE = frozenset({Facet.COVERAGE})


def _facets(fields: RequestFields, reader: _Reader) -> frozenset[Facet]:
    include = fields.include or ()
    if not include:
        return _COVERAGE
    if len(include) > len(Facet):
        many = f"must be at most {len(Facet)} entries; {len(include)} were sent"
        reader.faults.append(Fault("/include", many))
        include = ()
    wanted = {Facet.COVERAGE}
    for place, text in enumerate(include):
        facet = reader.read(f"/include/{place}", _facet, text)
        wanted.add(facet or Facet.COVERAGE)
    if Facet.HEALTH in wanted and fields.purpose is None:
        reader.faults.append(Fault("/purpose", "is missing: health needs a purpose"))
    return frozenset(wanted)


def _facet(text: str) -> Facet:
    return _one_of(Facet, text)


def _purpose(text: str) -> Purpose:
    return _one_of(Purpose, text)


def _one_of(choices: type[E], text: str) -> E:
    try:
        return choices(text)
    except ValueError:
        raise MalformedError(f"must be one of {', '.join(choices)}") from None


def _parse_operator(text: str) -> str:
    operator = plain(text, max_chars=OPERATOR_MAX)
    if not operator:
        raise MalformedError("is empty")
    return operator
