"""Valid by default, one keyword per deviation. All people are invented."""

from datetime import UTC, date, datetime
from typing import Any

from lookup.citizen_id import CitizenId
from lookup.record import (
    BirthDate,
    CodedItem,
    CoverageRecord,
    Document,
    Finding,
    HealthRecord,
    HealthSummary,
    InsuranceCard,
    Person,
    Visit,
)

CITIZEN_ID = "068180000001"
"""Lâm Đồng, female, born in 1980."""

CARD_NUMBER = "GD4686800000001"

AS_OF = datetime(2026, 11, 25, 2, tzinfo=UTC)


def a_citizen_id(number: int = 1) -> CitizenId:
    """The first citizen, or another one by number."""
    return CitizenId(f"068180{number:06}")


def a_person(**deviations: Any) -> Person:
    valid = {
        "citizen_id": CITIZEN_ID,
        "full_name": "Nguyễn Thị Lan",
        "birth_date": BirthDate(year=1980, month=3, day=5),
        "sex": "female",
    }
    return Person(**(valid | deviations))


def a_card(**deviations: Any) -> InsuranceCard:
    valid = {
        "card_number": CARD_NUMBER,
        "social_insurance_number": "6800000001",
        "subject_code": "GD",
        "benefit_level": 4,
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2026, 12, 31),
        "facility_code": "68001",
        "facility_name": "Bệnh viện Đa khoa Lâm Đồng",
        "area": "K1",
        "five_year_on": date(2029, 1, 1),
        "issued_by": "BHXH tỉnh Lâm Đồng",
    }
    return InsuranceCard(**(valid | deviations))


def a_coverage(**deviations: Any) -> CoverageRecord:
    valid = {"person": a_person(), "cards": (a_card(),)}
    return CoverageRecord(**(valid | deviations))


def a_health(**deviations: Any) -> HealthRecord:
    valid = {
        "citizen_id": CITIZEN_ID,
        "summary": a_summary(),
        "visits": (a_visit(),),
        "documents": (a_document(),),
    }
    return HealthRecord(**(valid | deviations))


def a_summary(**deviations: Any) -> HealthSummary:
    valid = {
        "allergies": (CodedItem(text="Penicillin", note="mề đay", is_severe=True),),
        "conditions": (
            CodedItem(code="I10", system="icd10", text="Tăng huyết áp", since="2019"),
        ),
        "medications": (CodedItem(code="C08CA01", system="atc", text="Amlodipin"),),
        "immunisations": (),
        "blood_group": "O+",
        "height_cm": 155.0,
        "weight_kg": 52.0,
        "blood_pressure": "130/80",
        "measured_on": date(2026, 10, 1),
        "updated_on": date(2026, 10, 1),
    }
    return HealthSummary(**(valid | deviations))


def a_visit(**deviations: Any) -> Visit:
    valid = {
        "visit_id": "v-1",
        "facility_code": "68001",
        "facility_name": "Bệnh viện Đa khoa Lâm Đồng",
        "admitted_on": date(2026, 10, 1),
        "discharged_on": date(2026, 10, 1),
        "kind": "outpatient",
        "diagnosis_code": "I10",
        "diagnosis": "Tăng huyết áp vô căn",
        "outcome": "better",
    }
    return Visit(**(valid | deviations))


def a_document(**deviations: Any) -> Document:
    valid = {
        "document_id": "d-1",
        "kind": "re_examination",
        "issued_on": date(2026, 10, 1),
        "valid_to": date(2026, 12, 1),
        "facility_code": "68001",
        "title": "Giấy hẹn khám lại",
    }
    return Document(**(valid | deviations))


def a_finding(**deviations: Any) -> Finding:
    valid = {
        "record": a_coverage(),
        "as_of": AS_OF,
        "version": 1,
        "source": "population",
    }
    return Finding(**(valid | deviations))


def nobody(**deviations: Any) -> Finding:
    """The knowledge that there is no such citizen."""
    return a_finding(**({"record": None, "version": 0} | deviations))
