"""A question in the insurer's protocol: its fields read, nothing decided.

Source: Phụ lục 03, công văn 1923/BHXH-CNTT of 20 June 2024, section 2; công văn
2746/BHXH-CNTT for card codes of 17 characters.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from lookup.citizen_id import parse_citizen_id
from lookup.errors import Fault, InvalidRequestError, MalformedError
from lookup.names import parse_name
from lookup.ports import Officer
from lookup.request import LookupRequest, RequestFields, read_request
from lookup.web.fields import read_object
from lookup.web.forms import read_form
from lookup.web.lookups import JSON

HISTORY = "Lskcb2025"
"""The function that gives the history of visits."""

CARD_FUNCTIONS = ("KQNhanLichSuKCB2024", "KQNhanLichSuKCB2019", "NhanLichSuKCB2018")
"""The functions that look a card up, newest first; all give the same answer."""

_WITH_OFFICER = frozenset({"KQNhanLichSuKCB2024", HISTORY})
"""Functions that must say who sits at the desk; the older ones have no such field."""

_BETWEEN = re.compile("[ .-]")
_LONG_CODE = re.compile("[A-Za-zĐđ]{2}[0-9]{3}([0-9]{12})")
"""Card code of 17 characters: subject, benefit, province, personal number."""

_CITIZEN_ID_LENGTH = 12


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """What one call asks, and who sits at the desk, if it says so."""

    request: LookupRequest
    officer: Officer | None


def read_sent(body: bytes, content_type: str) -> Mapping[str, Any]:
    """Read a body, JSON or form, into its fields.

    Raises:
        InvalidRequestError: It is no JSON object or no form, or a field is there
            twice.
    """
    if content_type == JSON:
        return read_object(body)
    pairs = read_form(body)
    sent = dict(pairs)
    if len(sent) != len(pairs):
        raise InvalidRequestError(Fault("", "has a field twice"))
    return sent


def text_of(sent: Mapping[str, Any], name: str) -> str:
    """A field as text; empty when it is missing, null or no text."""
    value = sent.get(name)
    return value if isinstance(value, str) else ""


def read_question(
    sent: Mapping[str, Any], function: str, *, sees_health: bool, today: date
) -> Question:
    """Check every field, and say at once everything that is wrong.

    Args:
        sent: The fields of the body; unknown ones are passed over, as the original
            does.
        function: Which function of the protocol was called.
        sees_health: Whether the history may be asked for.
        today: This day at the desk.

    Raises:
        InvalidRequestError: One fault or more, each with its field.
    """
    faults: list[Fault] = []
    officer = _officer(sent, function, faults)
    fields = RequestFields(
        **_number(text_of(sent, "maThe")),
        full_name=text_of(sent, "hoTen"),
        birth_date=text_of(sent, "ngaySinh"),
        include=("health",) if function == HISTORY and sees_health else None,
        purpose="reception",
        operator=_operator(officer) if officer else None,
    )
    try:
        request = read_request(fields, today=today)
    except InvalidRequestError as invalid:
        raise InvalidRequestError(*faults, *invalid.faults) from None
    if faults:
        raise InvalidRequestError(*faults)
    return Question(request, officer)


def _number(code: str) -> dict[str, str]:
    """The card code as the field of ours it belongs into, by its length."""
    compact = _BETWEEN.sub("", code)
    long = _LONG_CODE.fullmatch(compact)
    if long:
        return {"citizen_id": long[1]}
    is_citizen_id = len(compact) == _CITIZEN_ID_LENGTH
    return {"citizen_id" if is_citizen_id else "card_number": code}


def _officer(
    sent: Mapping[str, Any], function: str, faults: list[Fault]
) -> Officer | None:
    """Who sits at the desk; None where the function lets it be left out."""
    number, name = text_of(sent, "cccdCb"), text_of(sent, "hoTenCb")
    if not (number or name) and function not in _WITH_OFFICER:
        return None
    try:
        citizen_id = parse_citizen_id(number)
    except MalformedError as malformed:
        citizen_id = None
        faults.append(Fault("/cccdCb", str(malformed)))
    try:
        full_name = parse_name(name)
    except MalformedError as malformed:
        faults.append(Fault("/hoTenCb", str(malformed)))
        return None
    return Officer(citizen_id, full_name) if citizen_id else None


def _operator(officer: Officer) -> str:
    """The officer for the audit: two may have one name."""
    return f"{officer.number.digits} {officer.full_name}"
