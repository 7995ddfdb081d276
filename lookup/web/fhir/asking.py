"""From FHIR to texts: whom a search, an operation or an eligibility request is about.

Whether the texts are numbers, names and days is for ``lookup.request``. An id that was
given to this client stands for a person it has shown to know.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import msgspec

from lookup.citizen_id import Identifier
from lookup.errors import Fault, InvalidRequestError
from lookup.request import RequestFields
from lookup.web.fhir.naming import Naming

PERSONAL = ("identifier", "name", "family", "given", "birthdate")
"""Search parameters that say something about a person: never part of an address."""

PERSON_DIGITS = (12, 9)
"""How long a number of a person is; others are insurance numbers."""


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """Whom somebody asks about."""

    fields: RequestFields
    is_proven: bool = False
    """It was asked by an id, so the identity needs no name or birth date."""

    patient_id: str | None = None
    """The id of the person, if that was it."""


def by_id(text: str, naming: Naming, *, resource: str = "Patient") -> Asked | None:
    """Ask by the id of a resource; None when this client was given no such id."""
    number = naming.number_of(text, resource=resource)
    if number is None:
        return None
    patient_id = text if resource == "Patient" else None
    return Asked(_fields_of(number), is_proven=True, patient_id=patient_id)


def by_reference(text: str, naming: Naming, *, pointer: str) -> Asked:
    """Ask by a reference to a patient: ``Patient/…``, its whole address or its id.

    Raises:
        InvalidRequestError: This client was given no such id.
    """
    asked = by_id(text.rpartition("Patient/")[2], naming)
    if asked is None:
        reason = "must be a Patient that this service has answered to this client"
        raise InvalidRequestError(Fault(pointer, reason))
    return asked


def by_person(
    said: Mapping[str, str], naming: Naming, *, pointer: str = "/citizen_id"
) -> Asked:
    """Ask by what is said of a person, under the names of search parameters.

    Args:
        said: At most ``PERSONAL``; an identifier as ``system|value`` or bare.
        naming: How numbers are called.
        pointer: Where in the body the identifier stands.

    Raises:
        InvalidRequestError: No identifier, one of a system that is not known, or half
            a name.
    """
    if "identifier" not in said:
        reason = "is missing: a name or birth date alone finds nobody"
        raise InvalidRequestError(Fault(pointer, reason))
    system, _, value = said["identifier"].rpartition("|")
    is_card = _is_card(system, value, naming, pointer=pointer)
    return Asked(
        RequestFields(
            citizen_id=None if is_card else value,
            card_number=value if is_card else None,
            full_name=_full_name(said),
            birth_date=_birth_date(said),
        )
    )


def with_day(asked: Asked, on: str | None, *, operator: str | None = None) -> Asked:
    """The same question for another day, with who asks it."""
    fields = msgspec.structs.replace(asked.fields, on=on, operator=operator)
    return replace(asked, fields=fields)


def with_health(asked: Asked) -> Asked:
    """The same question, for the health record too, which is read to treat somebody."""
    fields = msgspec.structs.replace(
        asked.fields, include=("coverage", "health"), purpose="treatment"
    )
    return replace(asked, fields=fields)


def _is_card(system: str, value: str, naming: Naming, *, pointer: str) -> bool:
    """Whether a number is an insurance card's: by its system, else by its form."""
    known = {
        naming.systems.citizen_id: False,
        naming.systems.legacy_id: False,
        naming.systems.insurance_number: True,
    }
    if system in known:
        return known[system]
    if system:
        reason = f"must be of one of the systems {', '.join(known)}"
        raise InvalidRequestError(Fault(pointer, reason))
    digits = sum(character.isdigit() for character in value)
    has_letters = any(character.isalpha() for character in value)
    return has_letters or digits not in PERSON_DIGITS


def _fields_of(number: Identifier) -> RequestFields:
    if number.kind in {"citizen_id", "legacy_id"}:
        return RequestFields(citizen_id=number.digits)
    return RequestFields(card_number=number.digits)


def _birth_date(said: Mapping[str, str]) -> str | None:
    """The day without the prefix that says "on that day"; others are no days."""
    return said["birthdate"].removeprefix("eq") if "birthdate" in said else None


def _full_name(said: Mapping[str, str]) -> str | None:
    """The name as Vietnamese write it: the family's first.

    Half a name would be taken for the whole one, and differ from it.
    """
    if "name" in said:
        return said["name"]
    halves = [said[half] for half in ("family", "given") if half in said]
    if len(halves) == 1:
        reason = "must be whole: family and given together, or name"
        raise InvalidRequestError(Fault("/full_name", reason))
    return " ".join(halves) or None
