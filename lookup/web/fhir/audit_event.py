"""A lookup in the audit as FHIR's AuditEvent.

Source: HL7 FHIR R4, AuditEvent; IHE ITI, Basic Audit Log Patterns, Patient Query.
"""

from collections.abc import Mapping
from typing import Any

from lookup.codes import RESULTS
from lookup.web.fhir.systems import CITIZEN_HASH, CLIENT, DICOM, HL7, REQUEST, concept

_REASONS = {
    "reception": "COVERAGE",
    "treatment": "TREAT",
    "discharge": "CAREMGT",
    "emergency": "ETREAT",
}
"""What HL7's list of reasons (v3-ActReason) calls the purposes."""

_TOLD = ("code", "channel", "facets", "released", "source", "age_s")
"""What the details of the query say."""

Resource = dict[str, Any]


def audit_event(event: Mapping[str, Any]) -> Resource:
    """One lookup, about a citizen who is named by a hash.

    Args:
        event: As it stands in the audit, with the name of its chain.
    """
    reason = _REASONS.get(event["purpose"])
    resource: Resource = {
        "resourceType": "AuditEvent",
        "type": _coding(f"{HL7}audit-event-type", "rest"),
        "subtype": [_coding("http://hl7.org/fhir/restful-interaction", "search")],
        "action": "E",
        "recorded": event["at"].isoformat(),
        "outcome": "0" if event["disclosed"] else "4",
        "outcomeDesc": RESULTS[event["code"]].text_en,
        "agent": list(_agents(event)),
        "source": _source(event["facility"]),
        "entity": list(_entities(event)),
    }
    if event["chain"] is not None:
        resource["id"] = f"{event['chain']}-{event['n']}"
    if reason is not None:
        resource["purposeOfEvent"] = [concept(f"{HL7}v3-ActReason", reason)]
    return resource


def _agents(event: Mapping[str, Any]) -> list[Resource]:
    """The client and, where known, the person at the desk, who then is who asked."""
    operator = event["operator"]
    client: Resource = {
        "type": concept(DICOM, "110153", display="Source Role ID"),
        "who": {"identifier": {"system": CLIENT, "value": event["client_id"]}},
        "requestor": operator is None,
    }
    if operator is None:
        return [client]
    person = {
        "type": concept(f"{HL7}extra-security-role-type", "humanuser"),
        "who": {"display": operator},
        "requestor": True,
    }
    return [client, person]


def _source(facility: str | None) -> Resource:
    server = _coding(f"{HL7}security-source-type", "4")
    source: Resource = {"observer": {"display": "Tracuu"}, "type": [server]}
    return source | ({"site": facility} if facility else {})


def _entities(event: Mapping[str, Any]) -> list[Resource]:
    query: Resource = {
        "what": {"identifier": {"system": REQUEST, "value": event["request_id"]}},
        "type": _coding(f"{HL7}audit-entity-type", "2"),
        "role": _coding(f"{HL7}object-role", "24"),
        "detail": [
            {"type": name, "valueString": _text(event[name])}
            for name in _TOLD
            if event[name] not in (None, [], "")
        ],
    }
    if event["citizen_hash"] is None:
        return [query]
    whom = {"system": CITIZEN_HASH, "value": event["citizen_hash"]}
    patient: Resource = {
        "what": {"identifier": whom},
        "type": _coding(f"{HL7}audit-entity-type", "1"),
        "role": _coding(f"{HL7}object-role", "1"),
    }
    return [patient, query]


def _coding(system: str, code: str) -> Resource:
    return {"system": system, "code": code}


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
