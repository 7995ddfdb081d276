"""The entries of a health summary as resources, one builder for each section.

A date that was never recorded is said to be unknown, not made up.
"""

import re
from typing import Any

from lookup.record import CodedItem, HealthSummary
from lookup.web.fhir.resources import Resource
from lookup.web.fhir.systems import (
    ABSENT,
    ATC,
    HL7,
    ICD10,
    LOINC,
    SNOMED,
    UCUM,
    VACCINE,
    concept,
)

_SYSTEMS = {"icd10": ICD10, "atc": ATC, "vaccine": VACCINE}

_UNKNOWN = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}

_PRESSURE = re.compile(r"([0-9]{2,3})/([0-9]{2,3})")


def allergy(item: CodedItem, subject: Resource) -> Resource:
    """An allergy as an AllergyIntolerance."""
    reaction = {"reaction": [{"manifestation": [{"text": item.note}]}]}
    return (
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": concept(f"{HL7}allergyintolerance-clinical", "active"),
            "verificationStatus": concept(
                f"{HL7}allergyintolerance-verification", "confirmed"
            ),
            "criticality": "high" if item.is_severe else "unable-to-assess",
            "code": _code(item),
            "patient": subject,
        }
        | (reaction if item.note else {})
        | _since(item, "onsetDateTime")
    )


def condition(item: CodedItem, subject: Resource) -> Resource:
    """A problem as a Condition."""
    severe = concept(SNOMED, "24484000", display="Severe")
    return (
        {
            "resourceType": "Condition",
            "clinicalStatus": concept(f"{HL7}condition-clinical", "active"),
            "verificationStatus": concept(f"{HL7}condition-ver-status", "confirmed"),
            "category": [concept(f"{HL7}condition-category", "problem-list-item")],
            "code": _code(item),
            "subject": subject,
        }
        | ({"severity": severe} if item.is_severe else {})
        | ({"note": [{"text": item.note}]} if item.note else {})
        | _since(item, "onsetDateTime")
    )


def medication(item: CodedItem, subject: Resource) -> Resource:
    """A medicine as a MedicationStatement."""
    return {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": _code(item),
        "subject": subject,
    } | (
        ({"dosage": [{"text": item.note}]} if item.note else {})
        | ({"effectivePeriod": {"start": item.since}} if item.since else _no_period())
    )


def immunisation(item: CodedItem, subject: Resource) -> Resource:
    """A vaccination as an Immunization."""
    when = _since(item, "occurrenceDateTime") or {"occurrenceString": "Không rõ"}
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": _code(item),
        "patient": subject,
    } | (when | ({"note": [{"text": item.note}]} if item.note else {}))


def no_known_allergy(subject: Resource) -> Resource:
    """The knowledge that there is no allergy."""
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": concept(f"{HL7}allergyintolerance-clinical", "active"),
        "verificationStatus": concept(
            f"{HL7}allergyintolerance-verification", "confirmed"
        ),
        "code": _none_known("716186003", "No known allergy", "no-known-allergies"),
        "patient": subject,
    }


def no_known_condition(subject: Resource) -> Resource:
    """The knowledge that there is no problem."""
    return {
        "resourceType": "Condition",
        "clinicalStatus": concept(f"{HL7}condition-clinical", "active"),
        "verificationStatus": concept(f"{HL7}condition-ver-status", "confirmed"),
        "category": [concept(f"{HL7}condition-category", "problem-list-item")],
        "code": _none_known(
            "160245001", "No current problems or disability", "no-known-problems"
        ),
        "subject": subject,
    }


def no_known_medication(subject: Resource) -> Resource:
    """The knowledge that no medicine is taken."""
    return {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": _none_known(
            "787481004", "No known medications", "no-known-medications"
        ),
        "subject": subject,
    } | _no_period()


def blood_group(summary: HealthSummary, subject: Resource, by: Resource) -> Resource:
    """The blood group as an Observation."""
    return _observation(
        concept(LOINC, "882-1", display="ABO and Rh group [Type] in Blood"),
        category="laboratory",
        about={"subject": subject, "performer": [by], "_effectiveDateTime": _UNKNOWN},
        value={"valueCodeableConcept": {"text": summary.blood_group}},
    )


def vital_signs(
    summary: HealthSummary, subject: Resource, by: Resource
) -> list[Resource]:
    """What was measured, as Observations."""
    about = {"subject": subject, "performer": [by]} | (
        {"effectiveDateTime": summary.measured_on.isoformat()}
        if summary.measured_on
        else {"_effectiveDateTime": _UNKNOWN}
    )
    found = []
    for value, code, display, unit in (
        (summary.height_cm, "8302-2", "Body height", "cm"),
        (summary.weight_kg, "29463-7", "Body weight", "kg"),
    ):
        if value is not None:
            what = concept(LOINC, code, display=display)
            measured = {"valueQuantity": _quantity(value, unit)}
            found.append(
                _observation(what, category="vital-signs", about=about, value=measured)
            )
    if summary.blood_pressure is not None:
        found.append(_blood_pressure(summary.blood_pressure, about))
    return found


def _blood_pressure(text: str, about: Resource) -> Resource:
    """Both pressures apart; as it was written, should it be written otherwise."""
    panel = "Blood pressure panel with all children optional"
    match = _PRESSURE.fullmatch(text)
    value: Resource = {"valueString": text}
    if match is not None:
        parts = zip(
            match.groups(),
            (
                ("8480-6", "Systolic blood pressure"),
                ("8462-4", "Diastolic blood pressure"),
            ),
            strict=True,
        )
        value = {
            "component": [
                {
                    "code": concept(LOINC, code, display=display),
                    "valueQuantity": _quantity(int(pressure), "mm[Hg]"),
                }
                for pressure, (code, display) in parts
            ]
        }
    return _observation(
        concept(LOINC, "85354-9", display=panel),
        category="vital-signs",
        about=about,
        value=value,
    )


def _observation(
    code: Resource, *, category: str, about: Resource, value: Resource
) -> Resource:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [concept(f"{HL7}observation-category", category)],
        "code": code,
    } | (about | value)


def _quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def _code(item: CodedItem) -> Resource:
    text = item.text or item.code or "?"
    if item.code is None or item.system is None:
        return {"text": text}
    return concept(_SYSTEMS[item.system], item.code, text=text)


def _since(item: CodedItem, element: str) -> dict[str, Any]:
    return {element: item.since} if item.since else {}


def _no_period() -> Resource:
    return {"_effectiveDateTime": _UNKNOWN}


def _none_known(code: str, display: str, absent: str) -> Resource:
    return {
        "coding": [
            {"system": SNOMED, "code": code, "display": display},
            {"system": ABSENT, "code": absent},
        ]
    }
