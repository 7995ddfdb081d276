"""CoverageEligibilityResponse: the result, the cards and what they pay."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from lookup.codes import Outcome
from lookup.eligibility import in_force_on
from lookup.notices import BENEFITS
from lookup.record import InsuranceCard
from lookup.result import LookupResult
from lookup.web.fhir.naming import Naming
from lookup.web.fhir.resources import (
    INSURERS,
    Resource,
    cards_of,
    insurer,
    period,
    stamped,
)
from lookup.web.fhir.systems import BENEFIT_LEVEL, HL7, REQUEST, RESULT, concept

_OUTCOMES: Mapping[Outcome, str] = MappingProxyType(
    {Outcome.NOT_FOUND: "error", Outcome.MISMATCH: "error"}
)
"""Source: http://hl7.org/fhir/remittance-outcome; the rest is complete."""


def eligibility_response(
    result: LookupResult,
    naming: Naming,
    *,
    purpose: Sequence[str],
    patient_id: str | None,
    now: datetime,
) -> Resource:
    """The answer to an eligibility request.

    Args:
        result: The answer in our own words.
        naming: How things are called for this client.
        purpose: What the request was for; benefits are listed for ``benefits``.
        patient_id: Whom it is about; None when nobody was found.
        now: This instant.
    """
    told = result.told
    code = concept(RESULT, told.code, display=told.text_en, text=told.text_vi)
    response: Resource = {
        "resourceType": "CoverageEligibilityResponse",
        "id": result.request_id,
        "meta": {"tag": code["coding"]},
        "status": "active",
        "purpose": list(purpose),
        "patient": _patient(patient_id),
        "servicedDate": result.on.isoformat(),
        "created": now.isoformat(timespec="seconds"),
        "request": {
            "type": "CoverageEligibilityRequest",
            "identifier": {"system": REQUEST, "value": result.request_id},
        },
        "outcome": _OUTCOMES.get(result.outcome, "complete"),
        "disposition": told.text_vi,
        "insurer": {"display": _insurer(result)},
    }
    if patient_id is not None:
        cards = cards_of(result)
        wants_benefits = "benefits" in purpose
        insurance = [
            _insurance(card, result, naming, wants_benefits=wants_benefits)
            for card in cards
        ]
        response |= {"insurance": insurance} if insurance else {}
    if not result.in_force:
        response["error"] = [{"code": code | {"text": told.next_vi}}]
    return _stamped(response, result)


def _stamped(response: Resource, result: LookupResult) -> Resource:
    """Stamped, with the result's tag beside the one that says stale."""
    done = stamped(response, result)
    tags = response["meta"]["tag"]
    own = [tag for tag in done["meta"]["tag"] if tag not in tags]
    return done | {"meta": done["meta"] | {"tag": tags + own}}


def _patient(patient_id: str | None) -> dict[str, Any]:
    if patient_id is None:
        return {"display": "Không xác định được người bệnh"}
    return {"reference": f"Patient/{patient_id}"}


def _insurer(result: LookupResult) -> str:
    cards = cards_of(result)
    return insurer(cards[0]) if cards else INSURERS["social_security"]


def _insurance(
    card: InsuranceCard, result: LookupResult, naming: Naming, *, wants_benefits: bool
) -> Resource:
    in_force = in_force_on(card, result.on)
    pays = wants_benefits and in_force
    return {
        "coverage": {
            "reference": f"Coverage/{naming.coverage_id(card)}",
            "identifier": {
                "system": naming.systems.insurance_number,
                "value": card.card_number,
            },
        },
        "inforce": in_force,
        "benefitPeriod": period(card),
    } | ({"item": [_item(card)]} if pays else {})


def _item(card: InsuranceCard) -> Resource:
    """What a card pays for medical care, and the share that is left to pay."""
    benefit = BENEFITS[card.benefit_level]
    return {
        "category": concept(
            f"{HL7}ex-benefitcategory",
            "1",
            display="Medical Care",
            text="Khám, chữa bệnh",
        ),
        "excluded": False,
        "name": f"{benefit.percent} %",
        "description": benefit.text.vi,
        "unit": concept(f"{HL7}benefit-unit", "individual", display="Individual"),
        "benefit": [
            {
                "type": concept(f"{HL7}benefit-type", "copay-percent"),
                "allowedUnsignedInt": 100 - benefit.percent,
            },
            {
                "type": concept(BENEFIT_LEVEL, str(benefit.level)),
                "allowedString": benefit.text.vi,
            },
        ],
    }
