"""OperationOutcome: every problem of ``lookup.web.problems`` in FHIR's own shape."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import orjson
from aiohttp import hdrs, web

from lookup.errors import Fault, InvalidRequestError, TracuuError
from lookup.result import LookupResult
from lookup.web.fhir.systems import PROBLEM, RESULT, concept
from lookup.web.problems import PROBLEMS, problem_response

MEDIA_TYPE = "application/fhir+json"

ISSUE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "invalid_request": "invalid",
        "not_authenticated": "login",
        "not_allowed": "forbidden",
        "route_unknown": "not-found",
        "method_not_allowed": "not-supported",
        "not_acceptable": "not-supported",
        "body_too_slow": "timeout",
        "body_too_large": "too-long",
        "media_type_unsupported": "not-supported",
        "source_unavailable": "transient",
        "audit_unavailable": "transient",
        "deadline_exceeded": "timeout",
    }
)
"""FHIR's word for a problem; those that are not here are exceptions.

Source: http://hl7.org/fhir/issue-type.
"""

_ELEMENTS: Mapping[str, str] = MappingProxyType(
    {
        "/citizen_id": "Patient.identifier",
        "/card_number": "Coverage.identifier",
        "/full_name": "Patient.name",
        "/birth_date": "Patient.birthDate",
        "/on": "CoverageEligibilityRequest.servicedDate",
        "/operator": "CoverageEligibilityRequest.enterer.display",
    }
)
"""Our fields as FHIR calls them; pointers of the dialect itself are paths already."""


def outcome_response(
    code: str, *, request_id: str, error: TracuuError | None = None
) -> web.Response:
    """Print a problem as a response, with the headers it has elsewhere."""
    plain = problem_response(code, request_id=request_id, error=error)
    del plain.headers["Content-Type"]
    return web.Response(
        status=plain.status,
        body=orjson.dumps(_problem(code, request_id=request_id, error=error)),
        content_type=MEDIA_TYPE,
        headers=plain.headers,
    )


def result_outcome(
    result: LookupResult, *, ignored: int = 0, is_final: bool = False
) -> dict[str, Any]:
    """What a lookup came to, beside the resources that were found or not found.

    Args:
        result: The answer.
        ignored: How many search parameters were not known and not looked at.
        is_final: Whether there is no other answer than this: nothing was found.
    """
    told = result.told
    issues = [
        {
            "severity": "error" if is_final else "information",
            "code": "not-found" if is_final else "informational",
            "details": concept(
                RESULT, told.code, display=told.text_en, text=told.text_vi
            ),
            "diagnostics": told.next_vi,
        }
    ]
    if ignored:
        many = f"{ignored} search parameters are not known here and were ignored"
        issues.append(
            {"severity": "warning", "code": "not-supported", "diagnostics": many}
        )
    return {"resourceType": "OperationOutcome", "issue": issues}


def nobody_response(result: LookupResult) -> web.Response:
    """Say that nobody is to be seen behind an id or a number, and why."""
    return web.Response(
        status=404,
        body=orjson.dumps(result_outcome(result, is_final=True)),
        content_type=MEDIA_TYPE,
        headers={hdrs.CACHE_CONTROL: "private, no-store"},
    )


def _problem(
    code: str, *, request_id: str, error: TracuuError | None
) -> dict[str, Any]:
    faults = error.faults if isinstance(error, InvalidRequestError) else ()
    issues = [_issue(code, fault) for fault in faults] or [_issue(code, None, error)]
    return {"resourceType": "OperationOutcome", "id": request_id, "issue": issues}


def _issue(
    code: str, fault: Fault | None, error: TracuuError | None = None
) -> dict[str, Any]:
    problem = PROBLEMS[code]
    issue: dict[str, Any] = {
        "severity": "error",
        "code": ISSUE_TYPES.get(code, "exception"),
        "details": concept(
            PROBLEM, code, display=problem.title.en, text=problem.title.vi
        ),
        "diagnostics": str(error) if error is not None else problem.action.en,
    }
    if fault is not None:
        issue["diagnostics"] = fault.message
        if fault.pointer:
            issue["expression"] = [element_of(fault.pointer)]
    return issue


def element_of(pointer: str) -> str:
    """A JSON pointer as a FHIRPath: list places in brackets, names with points."""
    known = _ELEMENTS.get(pointer)
    if known is not None:
        return known
    return ".".join(_steps(pointer.strip("/").split("/"))).replace(".[", "[")


def _steps(names: Iterable[str]) -> Iterable[str]:
    return (f"[{name}]" if name.isdigit() else name for name in names)
