"""Patient, Coverage, DocumentReference and their bundles, by hand from our records."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from lookup.notices import BENEFITS
from lookup.record import Document, InsuranceCard, Manager, Person
from lookup.result import LookupResult
from lookup.web.fhir.naming import IdentifierSystems, Naming
from lookup.web.fhir.systems import (
    AREA,
    BENEFIT_LEVEL,
    DOCUMENT_KIND,
    FACILITY,
    HL7,
    LOINC,
    SOURCE,
    SUBJECT,
    UCUM,
    concept,
)
from lookup.web.wire import birth_date_text

Resource = dict[str, Any]

INSURERS: Mapping[Manager, str] = MappingProxyType(
    {
        "social_security": "Bảo hiểm xã hội Việt Nam",
        "defence": "Bảo hiểm xã hội Bộ Quốc phòng",
        "public_security": "Bảo hiểm xã hội Bộ Công an",
    }
)

_DOCUMENT_TYPES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "referral": ("57133-1", "Referral note"),
        "discharge": ("18842-5", "Discharge summary"),
        "summary": ("34133-9", "Summary of episode note"),
    }
)
"""LOINC's codes for kinds of documents; an appointment has none there."""


def patient(person: Person, patient_id: str, systems: IdentifierSystems) -> Resource:
    """A person as a Patient."""
    family, *given = person.full_name.split()
    number = {"system": systems.citizen_id, "value": person.citizen_id}
    name = {"use": "official", "text": person.full_name, "family": family}
    return {
        "resourceType": "Patient",
        "id": patient_id,
        "name": [name | ({"given": given} if given else {})],
        "gender": person.sex,
        "birthDate": birth_date_text(person.birth_date),
    } | ({"identifier": [number]} if person.citizen_id is not None else {})


def coverage(card: InsuranceCard, patient_id: str, naming: Naming) -> Resource:
    """A card as a Coverage; whether it is in force on a day is asked for elsewhere."""
    benefit = BENEFITS[card.benefit_level]
    return {
        "resourceType": "Coverage",
        "id": naming.coverage_id(card),
        "identifier": [
            {"system": naming.systems.insurance_number, "value": card.card_number}
        ],
        "status": "active" if card.status == "active" else "cancelled",
        "type": concept(
            f"{HL7}v3-ActCode", "PUBLICPOL", display="public healthcare", text="BHYT"
        ),
        "subscriberId": card.social_insurance_number,
        "beneficiary": {"reference": f"Patient/{patient_id}"},
        "period": period(card),
        "payor": [{"display": insurer(card)}],
        "class": _classes(card),
        "network": " ".join(filter(None, (card.facility_code, card.facility_name))),
        "costToBeneficiary": [
            {
                "type": concept(f"{HL7}coverage-copay-type", "copaypct"),
                "valueQuantity": {
                    "value": 100 - benefit.percent,
                    "unit": "%",
                    "system": UCUM,
                    "code": "%",
                },
            }
        ],
    }


def cards_of(result: LookupResult) -> list[InsuranceCard]:
    """The card the result speaks of, then the others."""
    eligibility = result.eligibility
    if eligibility is None or eligibility.card is None:
        return []
    return [eligibility.card, *eligibility.other_cards]


def period(card: InsuranceCard) -> Resource:
    """From the first to the last day in force, should there be a last one."""
    last = {"end": card.valid_to.isoformat()} if card.valid_to is not None else {}
    return {"start": card.valid_from.isoformat()} | last


def insurer(card: InsuranceCard) -> str:
    """Who stands behind a card."""
    return card.issued_by or INSURERS[card.manager]


def document_reference(document: Document, patient_id: str) -> Resource:
    """A paper's facts as a DocumentReference; its pages are not kept here."""
    codings = concept(DOCUMENT_KIND, document.kind)["coding"]
    assert isinstance(codings, list)
    if document.kind in _DOCUMENT_TYPES:
        code, display = _DOCUMENT_TYPES[document.kind]
        codings = [{"system": LOINC, "code": code, "display": display}, *codings]
    last = {"end": document.valid_to.isoformat()} if document.valid_to else {}
    return {
        "resourceType": "DocumentReference",
        # An id of a document may be anything; a hash of it is an id of FHIR.
        "id": stable_uuid(patient_id, document.document_id),
        "status": "current",
        "type": {"coding": codings, "text": document.title},
        "subject": {"reference": f"Patient/{patient_id}"},
        "custodian": {
            "identifier": {"system": FACILITY, "value": document.facility_code}
        },
        "description": document.title,
        "content": [
            {
                "attachment": {
                    "title": document.title,
                    "creation": document.issued_on.isoformat(),
                }
            }
        ],
        "context": {"period": {"start": document.issued_on.isoformat()} | last},
    }


def searchset(
    matches: Iterable[tuple[str, Resource]], outcome: Resource, self_url: str
) -> Resource:
    """What a search found, with what it came to as the last entry.

    Args:
        matches: Whole addresses and resources.
        outcome: What the lookup came to.
        self_url: Address of the search, without what was searched for: that is
            somebody's number.
    """
    entries = [
        {"fullUrl": url, "resource": resource, "search": {"mode": "match"}}
        for url, resource in matches
    ]
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(entries),
        "link": [{"relation": "self", "url": self_url}],
        "entry": [*entries, {"resource": outcome, "search": {"mode": "outcome"}}],
    }


def stamped(resource: Resource, result: LookupResult) -> Resource:
    """The resource with when and by whom it was said, and whether that is too old."""
    freshness = result.freshness
    if freshness is None:
        return resource
    meta: Resource = {
        "lastUpdated": freshness.as_of.isoformat(timespec="milliseconds"),
        "source": f"{SOURCE}:{freshness.source}",
    }
    if freshness.is_stale:
        meta["tag"] = [{"system": SOURCE, "code": "stale"}]
    return resource | {"meta": resource.get("meta", {}) | meta}


def stable_uuid(*parts: str) -> str:
    """The same UUID for the same parts."""
    return str(uuid5(NAMESPACE_URL, "|".join(("urn:tracuu", *parts))))


def _classes(card: InsuranceCard) -> list[Resource]:
    """What the card's letters and digits say."""
    benefit = BENEFITS[card.benefit_level]
    found = [
        _class("group", SUBJECT, card.subject_code),
        _class("plan", BENEFIT_LEVEL, str(benefit.level)) | {"name": benefit.text.vi},
    ]
    if card.area is not None:
        found.append(_class("subgroup", AREA, card.area))
    return found


def _class(kind: str, system: str, value: str) -> Resource:
    return {
        "type": {
            "coding": [
                {"system": f"{HL7}coverage-class", "code": kind},
                {"system": system, "code": value},
            ]
        },
        "value": value,
    }
