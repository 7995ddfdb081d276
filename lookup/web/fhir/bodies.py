"""Resources that callers send, read into typed structs and those into questions.

What a struct does not name is not looked at, as FHIR wants it; what it names must have
the right type, and is named without its value when it has not.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec
import orjson

from lookup.errors import Fault, InvalidRequestError
from lookup.record import Private
from lookup.web.fhir.asking import (
    PERSONAL,
    Asked,
    by_person,
    by_reference,
    with_day,
)
from lookup.web.fhir.naming import Naming

PURPOSES = frozenset({"validation", "benefits"})
"""What an eligibility request may be for; the other two are not answered here.

Source: http://hl7.org/fhir/eligibilityrequest-purpose.
"""

Shape = TypeVar("Shape", bound=Private)

_PLACE = re.compile(r" - at `\$(?P<path>[^`]*)`")
_MISSING = re.compile(r"missing required field `(?P<name>\w+)`")


class IdentifierIn(Private, frozen=True):
    """An Identifier."""

    value: str
    system: str = ""

    @property
    def token(self) -> str:
        """This as a search parameter."""
        return f"{self.system}|{self.value}" if self.system else self.value


class NameIn(Private, frozen=True):
    """A HumanName."""

    text: str | None = None
    family: str | None = None
    given: tuple[str, ...] = ()

    @property
    def whole(self) -> str | None:
        """The name as Vietnamese write it; None when it is empty."""
        parts = (self.family, *self.given)
        return self.text or " ".join(part for part in parts if part) or None


class ReferenceIn(Private, frozen=True):
    """A Reference: by address, or by a number of what it points at."""

    reference: str | None = None
    identifier: IdentifierIn | None = None
    display: str | None = None


class ContainedIn(Private, frozen=True, rename="camel"):
    """A resource inside another, as far as it may be a Patient or a Coverage."""

    resource_type: str
    id: str = ""
    identifier: tuple[IdentifierIn, ...] = ()
    name: tuple[NameIn, ...] = ()
    birth_date: str | None = None


class PeriodIn(Private, frozen=True):
    """A Period."""

    start: str | None = None


class InsuranceIn(Private, frozen=True):
    """One insurance an eligibility request asks about."""

    coverage: ReferenceIn


class EligibilityIn(Private, frozen=True, rename="camel"):
    """A CoverageEligibilityRequest."""

    resource_type: str
    purpose: tuple[str, ...]
    patient: ReferenceIn
    serviced_date: str | None = None
    serviced_period: PeriodIn | None = None
    enterer: ReferenceIn | None = None
    contained: tuple[ContainedIn, ...] = ()
    insurance: tuple[InsuranceIn, ...] = ()


class ParameterIn(Private, frozen=True, rename="camel"):
    """One parameter of an operation, of the types that are understood."""

    name: str
    value_identifier: IdentifierIn | None = None
    value_string: str | None = None
    value_date: str | None = None

    @property
    def value(self) -> str | None:
        """Its value as a search parameter; None when it is of another type."""
        token = self.value_identifier.token if self.value_identifier else None
        return token or self.value_string or self.value_date


class ParametersIn(Private, frozen=True, rename="camel"):
    """A Parameters resource."""

    resource_type: str
    parameter: tuple[ParameterIn, ...] = ()


def read_resource(body: bytes, shape: type[Shape], *, resource: str) -> Shape:
    """Read a body as one resource.

    Raises:
        InvalidRequestError: It is no JSON object, another resource, or an element
            that is looked at is missing or of the wrong type; the element is named.
    """
    raw = _read_object(body)
    if raw.get("resourceType") != resource:
        raise InvalidRequestError(Fault("/resourceType", f"must be {resource}"))
    try:
        return msgspec.convert(raw, shape)
    except msgspec.ValidationError as error:
        raise InvalidRequestError(_fault(str(error), resource)) from None


def person_asked(parameters: ParametersIn, naming: Naming) -> Asked:
    """Whom an operation is about.

    Raises:
        InvalidRequestError: As ``by_person``; or a parameter twice, or of
            another type.
    """
    said: dict[str, str] = {}
    for place, parameter in enumerate(parameters.parameter):
        if parameter.name not in PERSONAL:
            continue
        pointer = f"/Parameters/parameter/{place}"
        if parameter.value is None or parameter.name in said:
            reason = "must be there once, with a valueIdentifier, String or Date"
            raise InvalidRequestError(Fault(pointer, reason))
        said[parameter.name] = parameter.value
    return by_person(said, naming)


def eligibility_asked(request: EligibilityIn, naming: Naming) -> Asked:
    """Whom an eligibility request is about, and for which day.

    Raises:
        InvalidRequestError: As ``by_person`` and ``by_reference``; or a purpose that
            is not answered.
    """
    if not request.purpose or not PURPOSES.issuperset(request.purpose):
        reason = f"must be of {', '.join(sorted(PURPOSES))}"
        raise InvalidRequestError(Fault(_at("purpose"), reason))
    period = request.serviced_period
    return with_day(
        _patient_asked(request, naming),
        request.serviced_date or (period.start if period else None),
        operator=request.enterer.display if request.enterer else None,
    )


def _patient_asked(request: EligibilityIn, naming: Naming) -> Asked:
    patient = request.patient
    if patient.reference and not patient.reference.startswith("#"):
        where = _at("patient/reference")
        return by_reference(patient.reference, naming, pointer=where)
    inside = _contained(request, patient, "Patient")
    said: dict[str, str | None] = {
        "identifier": _token(request, patient, inside),
        "name": next((name.whole for name in inside.name if name.whole), None),
        "birthdate": inside.birth_date,
    }
    present = {name: text for name, text in said.items() if text is not None}
    return by_person(present, naming, pointer=_at("patient/identifier"))


def _token(
    request: EligibilityIn, patient: ReferenceIn, inside: ContainedIn
) -> str | None:
    """A number to ask by: the patient's, else that of the insurance."""
    if patient.identifier is not None:
        return patient.identifier.token
    coverages = [insurance.coverage for insurance in request.insurance]
    numbers: Sequence[IdentifierIn | None] = [
        *inside.identifier,
        *(coverage.identifier for coverage in coverages),
        *(
            number
            for coverage in coverages
            for number in _contained(request, coverage, "Coverage").identifier
        ),
    ]
    return next((number.token for number in numbers if number is not None), None)


def _contained(
    request: EligibilityIn, reference: ReferenceIn, resource: str
) -> ContainedIn:
    """The resource inside that a reference points at; an empty one if it does not."""
    for inside in request.contained:
        is_meant = inside.resource_type == resource
        if is_meant and reference.reference == f"#{inside.id}":
            return inside
    return ContainedIn(resource_type=resource)


def _read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object in which no object has a name twice."""
    try:
        raw = orjson.loads(body)
        json.loads(body, object_pairs_hook=_refuse_twice)
    except orjson.JSONDecodeError:
        raise InvalidRequestError(Fault("", "is not valid JSON")) from None
    except RecursionError:
        raise InvalidRequestError(Fault("", "is nested too deeply")) from None
    if not isinstance(raw, dict):
        raise InvalidRequestError(Fault("", "must be a JSON object"))
    return raw


def _refuse_twice(pairs: list[tuple[str, Any]]) -> None:
    """Two readers could take different ones."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise InvalidRequestError(Fault("", "has a name twice in one object"))


def _at(path: str) -> str:
    return f"/CoverageEligibilityRequest/{path}"


def _fault(message: str, resource: str) -> Fault:
    """What the library found, without its words, which may repeat a value."""
    place = _PLACE.search(message)
    missing = _MISSING.search(message)
    path = re.sub(r"[.\[\]]+", "/", place["path"]) if place else ""
    steps = [resource, *path.split("/"), missing["name"] if missing else ""]
    reason = "is missing" if missing else "has the wrong type"
    return Fault("".join(f"/{step}" for step in steps if step), reason)


def purposes(request: EligibilityIn) -> list[str]:
    """What the request was for, to be said back."""
    return [purpose for purpose in sorted(PURPOSES) if purpose in request.purpose]
