"""In which form a caller wants its answer: ``Accept``, ``_format`` and ``Prefer``."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from aiohttp import web

from lookup.web.fhir.outcome import MEDIA_TYPE

_FORMS: Mapping[str, str] = MappingProxyType(
    {
        "application/fhir+json": MEDIA_TYPE,
        # A plus that was not escaped arrives as a space.
        "application/fhir json": MEDIA_TYPE,
        "application/json": "application/json",
        "text/json": "application/json",
        "json": MEDIA_TYPE,
        "application/*": MEDIA_TYPE,
        "*/*": MEDIA_TYPE,
    }
)
"""What may be asked for, and how the answer is then named; it is always JSON."""

BODY_TYPES = frozenset({"application/fhir+json", "application/json", "text/json"})
"""What a resource may be sent as."""

VERSIONS = frozenset({"4.0", "4.0.1"})

Return = Literal["representation", "minimal", "OperationOutcome"]

_RETURNS: Mapping[str, Return] = MappingProxyType(
    {
        "representation": "representation",
        "minimal": "minimal",
        "operationoutcome": "OperationOutcome",
    }
)


def answer_type(request: web.Request, format_: str | None) -> str:
    """The media type of the answer.

    Args:
        request: The request, for its ``Accept``.
        format_: The parameter ``_format``, which goes before the header.

    Raises:
        web.HTTPNotAcceptable: Neither can be had.
    """
    wanted = format_ or request.headers.get("Accept", "") or "*/*"
    for one in wanted.split(","):
        name, *parameters = (part.strip().lower() for part in one.split(";"))
        if name in _FORMS and all(map(_is_met, parameters)):
            return _FORMS[name]
    raise web.HTTPNotAcceptable


def is_strict(request: web.Request) -> bool:
    """Whether unknown search parameters are to be refused rather than ignored."""
    return _preferences(request).get("handling") == "strict"


def wanted_return(request: web.Request) -> Return:
    """How much is to come back; what is not known counts as everything."""
    said = _preferences(request).get("return", "")
    return _RETURNS.get(said, "representation")


def _is_met(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    value = value.strip(' "')
    if name == "fhirversion":
        return value in VERSIONS
    return name != "q" or value.strip("0.") != ""


def _preferences(request: web.Request) -> dict[str, str]:
    said = ",".join(request.headers.getall("Prefer", ())).replace(";", ",").lower()
    pairs = (one.partition("=") for one in said.split(","))
    return {name.strip(): value.strip(' "') for name, _, value in pairs}
