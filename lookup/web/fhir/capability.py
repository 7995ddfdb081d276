"""CapabilityStatement: what this dialect can do, and nothing that it cannot."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from lookup.web.fhir.negotiation import answer_type
from lookup.web.fhir.searching import FORMAT

DATE = "2026-11-25"
"""Day on which what is said here last changed."""

_OAUTH = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"


def capability_statement(base_url: str, token_url: str, version: str) -> dict[str, Any]:
    """The whole statement.

    Args:
        base_url: Address of the dialect.
        token_url: Where clients get access tokens.
        version: The service's own version.
    """
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "publisher": "Tracuu",
        "kind": "instance",
        "software": {"name": "Tracuu", "version": version},
        "implementation": {
            "description": "Health insurance and health summary by citizen ID.",
            "url": base_url,
        },
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "application/json"],
        "implementationGuide": ["http://hl7.org/fhir/uv/ips"],
        "rest": [
            {
                "mode": "server",
                "documentation": (
                    "Numbers, names and birth dates are posted, never part of an "
                    "address. A number alone identifies nobody: the name or the birth "
                    "date goes with it. The id of a Patient stands for an identity "
                    "that was proven, and is the client's own."
                ),
                "security": _security(token_url),
                "resource": [_patient(), _coverage(), _documents(), _eligibility()],
            }
        ],
    }


def capability_response(
    base_url: str, token_url: str, version: str
) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that gives the statement, written once."""
    body = orjson.dumps(capability_statement(base_url, token_url, version))

    async def get(request: web.Request) -> web.Response:
        form = answer_type(request, request.query.get(FORMAT))
        return web.Response(body=body, content_type=form, charset="utf-8")

    return get


def _security(token_url: str) -> dict[str, Any]:
    service = {
        "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
        "code": "SMART-on-FHIR",
    }
    return {
        "extension": [
            {
                "url": _OAUTH,
                "extension": [{"url": "token", "valueUri": token_url}],
            }
        ],
        "cors": False,
        "service": [{"coding": [service]}],
        "description": "SMART Backend Services, or an API key as bearer token.",
    }


def _patient() -> dict[str, Any]:
    return {
        "type": "Patient",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "conditionalRead": "not-match",
        "searchParam": [
            _parameter("_id", "token", "The id of a Patient answered before."),
            _parameter(
                "identifier", "token", "Citizen ID, old number or card; posted only."
            ),
            _parameter("name", "string", "The whole name; posted only."),
            _parameter("family", "string", "With given; posted only."),
            _parameter("given", "string", "With family; posted only."),
            _parameter("birthdate", "date", "As exactly as known; posted only."),
        ],
        "operation": [
            {
                "name": "summary",
                "definition": "http://hl7.org/fhir/uv/ips/OperationDefinition/summary",
                "documentation": (
                    "GET by id; POST Parameters with identifier and name or birthdate."
                ),
            }
        ],
    }


def _coverage() -> dict[str, Any]:
    return {
        "type": "Coverage",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "conditionalRead": "not-match",
        "searchParam": [
            _parameter("patient", "reference", "A Patient answered before."),
            _parameter("beneficiary", "reference", "The same."),
            _parameter(
                "identifier",
                "token",
                "The card's number, with patient.name or .birthdate; posted only.",
            ),
        ],
    }


def _documents() -> dict[str, Any]:
    return {
        "type": "DocumentReference",
        "documentation": "What papers there are; their pages are not kept here.",
        "interaction": [{"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": [
            _parameter("patient", "reference", "A Patient answered before.")
        ],
    }


def _eligibility() -> dict[str, Any]:
    return {
        "type": "CoverageEligibilityRequest",
        "documentation": (
            "Answered at once with a CoverageEligibilityResponse, for the purposes "
            "validation and benefits; nothing is stored."
        ),
        "interaction": [{"code": "create"}],
        "versioning": "no-version",
    }


def _parameter(name: str, kind: str, documentation: str) -> dict[str, str]:
    return {"name": name, "type": kind, "documentation": documentation}
