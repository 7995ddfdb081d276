"""When and why a person came to a facility, and the papers they left with."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from adapters.synthetic import health_tables as tables
from adapters.synthetic import places
from adapters.synthetic.draws import Draw, happens, pick, urn
from adapters.synthetic.identity import Identity, age_on

LOOK_BACK_DAYS = 1095
"""Visits lie within as many days before the anchor day."""

VISITS_MAX = 4

_VISIT_COUNTS = urn({0: 35, 1: 30, 2: 20, 3: 10, VISITS_MAX: 5}, size=100)
_OUTCOMES = urn({"better": 55, "cured": 30, "unchanged": 12, "worse": 3}, size=100)
_PAPERS = urn({"": 82, "re_examination": 12, "referral": 4, "summary": 2}, size=100)
_PAPERS_CHRONIC = urn(
    {"": 42, "re_examination": 45, "referral": 10, "summary": 3}, size=100
)
_TITLES: Mapping[str, str] = {
    "discharge": "Giấy ra viện",
    "re_examination": "Phiếu hẹn khám lại",
    "referral": "Phiếu chuyển cơ sở khám bệnh, chữa bệnh",
    "summary": "Tóm tắt hồ sơ bệnh án",
}
_STAY_DAYS: Mapping[str, tuple[int, ...]] = {
    "outpatient": (0,),
    "emergency": (0, 0, 1),
    "inpatient": (2, 3, 3, 4, 5, 5, 6, 7, 8, 10, 12, 16),
}
_REVIEW_DAYS = (7, 14, 28, 28, 28, 30)

Diagnosis = tables.Condition | tables.Complaint


class Visit(NamedTuple):
    """A row of ``visits``."""

    facility: places.Facility
    admitted_on: date
    discharged_on: date | None
    """None while the person is still there."""

    kind: str
    diagnosis: Diagnosis
    outcome: str


class Document(NamedTuple):
    """A row of ``documents``."""

    kind: str
    issued_on: date
    valid_to: date | None
    facility: places.Facility

    @property
    def title(self) -> str:
        """What is printed at its head."""
        return _TITLES[self.kind]


def visits(
    who: Identity, conditions: Sequence[tables.Condition], *, anchor: date, draw: Draw
) -> list[Visit]:
    """The visits of a person, newest first; none on the day of birth."""
    lived = (anchor - who.born).days
    if lived < 1:
        return []
    look_back = min(LOOK_BACK_DAYS, lived)
    count = pick(_VISIT_COUNTS, draw)
    days_ago = sorted([1 + draw() % look_back for _ in range(count)])
    passing = _complaints(age_on(who.born, anchor))
    found = []
    for days in days_ago:
        is_chronic = bool(conditions) and happens(0.55, draw)
        causes: Sequence[Diagnosis] = conditions if is_chronic else passing
        diagnosis = pick(causes, draw)
        facility = pick(places.FACILITY_URNS[who.home], draw)
        found.append(_visit(facility, diagnosis, days, anchor=anchor, draw=draw))
    return found


def documents(visit: Visit, draw: Draw) -> list[Document]:
    """The papers of a visit that has ended.

    Source: Circular 01/2025/TT-BYT: a referral holds 10 working days, or a year for
    long-lasting illnesses.
    """
    issued_on = visit.discharged_on
    if issued_on is None:
        return []
    is_chronic = isinstance(visit.diagnosis, tables.Condition)
    papers = []
    if visit.kind == "inpatient":
        papers.append(Document("discharge", issued_on, None, visit.facility))
    paper = pick(_PAPERS_CHRONIC if is_chronic else _PAPERS, draw)
    if paper == "re_examination":
        until = issued_on + timedelta(days=pick(_REVIEW_DAYS, draw))
        papers.append(Document("re_examination", issued_on, until, visit.facility))
    elif paper == "referral":
        until = issued_on + timedelta(days=365 if is_chronic else 14)
        papers.append(Document("referral", issued_on, until, visit.facility))
    elif paper == "summary":
        papers.append(Document("summary", issued_on, None, visit.facility))
    return papers


def _visit(
    facility: places.Facility,
    diagnosis: Diagnosis,
    days_ago: int,
    *,
    anchor: date,
    draw: Draw,
) -> Visit:
    kind = _kind(diagnosis.code, draw)
    stay = _STAY_DAYS[kind]
    days = stay[draw() % len(stay)]
    is_over = days < days_ago
    admitted_on = anchor - timedelta(days=days_ago)
    return Visit(
        facility=facility,
        admitted_on=admitted_on,
        discharged_on=admitted_on + timedelta(days=days) if is_over else None,
        kind=kind,
        diagnosis=diagnosis,
        outcome=pick(_OUTCOMES, draw) if is_over else "unknown",
    )


def _kind(code: str, draw: Draw) -> str:
    if code in tables.INPATIENT_CODES and happens(0.7, draw):
        return "inpatient"
    is_urgent = happens(0.6 if code in tables.EMERGENCY_CODES else 0.05, draw)
    return "emergency" if is_urgent else "outpatient"


@lru_cache(maxsize=128)
def _complaints(age: int) -> tuple[tables.Complaint, ...]:
    return urn(
        {one: one.weight for one in tables.COMPLAINTS if age < one.below_age}, size=256
    )
