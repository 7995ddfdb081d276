"""What the gateway answers, as the annex names it; any text may be null, "" or missing.

What follows from the texts is in ``adapters.vss_records``.

Source: Phụ lục 03, công văn 1923/BHXH-CNTT of 20 June 2024, sections 1 and 2; công văn
2746/BHXH-CNTT for the visits.
"""

from typing import TypeVar

import msgspec

from lookup.record import Private

A = TypeVar("A", bound=Private)


class UnreadableError(Exception):
    """A body is no JSON."""


def decode(body: bytes, shape: type[A]) -> A:
    """Read a body as one of the shapes here.

    Raises:
        UnreadableError: It is no JSON, or nested beyond measure.
        msgspec.ValidationError: It is JSON of another shape.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableError("no JSON") from error


class Head(Private, frozen=True, rename={"code": "maKetQua", "note": "ghiChu"}):
    """What every answer has."""

    code: str
    note: str | None = None


_CARD_FIELDS = {
    "number": "maThe",
    "full_name": "hoTen",
    "birth_date": "ngaySinh",
    "sex": "gioiTinh",
    "facility_code": "maDKBD",
    "issued_by": "cqBHXH",
    "valid_from": "gtTheTu",
    "valid_to": "gtTheDen",
    "area": "maKV",
    "five_year_on": "ngayDu5Nam",
    "social_insurance_number": "maSoBHXH",
    "new_number": "maTheMoi",
    "new_valid_from": "gtTheTuMoi",
    "new_valid_to": "gtTheDenMoi",
    "new_facility_code": "maDKBDMoi",
    "new_facility_name": "tenDKBDMoi",
}


class CardAnswer(Private, frozen=True, rename=_CARD_FIELDS):
    """The answer of ``KQNhanLichSuKCB2024``; each field may be null, "" or missing."""

    number: str | None = None
    full_name: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    facility_code: str | None = None
    issued_by: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    area: str | None = None
    five_year_on: str | None = None
    social_insurance_number: str | None = None
    new_number: str | None = None
    new_valid_from: str | None = None
    new_valid_to: str | None = None
    new_facility_code: str | None = None
    new_facility_name: str | None = None

    def filled_as_a_rule(self) -> dict[str, str | None]:
        """The fields that every card has, by their names in the annex."""
        names = list(_CARD_FIELDS)[: list(_CARD_FIELDS).index("new_number")]
        return {_CARD_FIELDS[n]: getattr(self, n) for n in names if n != "area"}


class VisitAnswer(
    Private,
    frozen=True,
    rename={
        "visit_id": "maHoSo",
        "facility_code": "maCSKCB",
        "admitted": "ngayVao",
        "discharged": "ngayRa",
        "diagnosis": "tenBenh",
        "outcome": "kqDieuTri",
        "reason": "lyDoVV",
    },
):
    """One row of ``dsLichSuKCB2025``."""

    visit_id: str | None = None
    facility_code: str | None = None
    admitted: str | None = None
    discharged: str | None = None
    diagnosis: str | None = None
    outcome: str | None = None
    reason: str | None = None


VISITS_FIELD = "dsLichSuKCB2025"


class VisitsAnswer(Private, frozen=True, rename={"visits": VISITS_FIELD}):
    """The answer of ``Lskcb2025``; null means no visits, a missing field nothing."""

    visits: tuple[VisitAnswer, ...] | None


class TokenKey(
    Private,
    frozen=True,
    rename={"access": "access_token", "id": "id_token", "ends_at": "expires_in"},
):
    """``APIKey``: what opens the gateway, and the instant when it no longer does."""

    access: str
    id: str
    ends_at: str | None = None


class TokenAnswer(Private, frozen=True, rename={"code": "maKetQua", "key": "APIKey"}):
    """The answer of ``/api/token/take``."""

    code: str
    key: TokenKey | None = None
