"""Dates as people write them, birth dates with what is not known left open.

Eight digits are day, month, year, as on the citizen card. Year, month, day without
anything between is refused, though it could be told apart: it is nobody's way to
write a birth date at a desk. No clock is read here; today comes from outside.
"""

import re
from datetime import date, timedelta

from lookup.characters import plain
from lookup.errors import MalformedError
from lookup.record import BirthDate

DATE_MAX = 32
"""Longest date worth reading, in characters."""

EARLIEST_BIRTH_YEAR = 1900

EARLIEST_SERVICE = date(1992, 8, 15)
"""Before this day nobody was insured. Source: Decree 299-HĐBT of 1992."""

SERVICE_AHEAD = timedelta(days=731)
"""How far ahead a day of service may lie: two years, twice a yearly appointment."""

_BETWEEN = "[/.-]"
_FORMS = tuple(
    re.compile(form.replace(" ", _BETWEEN))
    for form in (
        "(?P<year>[0-9]{4}) (?P<month>[0-9]{1,2}) (?P<day>[0-9]{1,2})",
        "(?P<day>[0-9]{1,2}) (?P<month>[0-9]{1,2}) (?P<year>[0-9]{4})",
        "(?P<day>[0-9]{2})(?P<month>[0-9]{2})(?P<year>[0-9]{4})",
        "(?P<month>[0-9]{1,2}) (?P<year>[0-9]{4})",
        "(?P<year>[0-9]{4}) (?P<month>[0-9]{1,2})",
        "(?P<year>[0-9]{4})",
    )
)


def parse_birth_date(text: str, *, today: date) -> BirthDate:
    """Read a date of birth, or only month and year, or only the year.

    ``YYYY-MM-DD``, ``DD/MM/YYYY``, ``DDMMYYYY``, ``MM/YYYY``, ``YYYY-MM``, ``YYYY``;
    dots and dashes like slashes, leading zeros optional between them. A part of
    zeros is not known, and a day without its month is worth nothing.

    Raises:
        MalformedError: None of these forms, no day of the calendar, before 1900 or
            after today.
    """
    form = "must be like 1950-02-28, 28/02/1950, 28021950, 02/1950 or 1950"
    year, month, day = _parts(text, form)
    if not month:
        day = 0
    earliest = _calendar_day(year, month or 1, day or 1)
    if earliest.year < EARLIEST_BIRTH_YEAR:
        raise MalformedError(f"lies before {EARLIEST_BIRTH_YEAR}")
    if earliest > today:
        raise MalformedError("lies in the future")
    return BirthDate(year=year, month=month or None, day=day or None)


def parse_day(text: str, *, today: date) -> date:
    """Read a day of service: ``YYYY-MM-DD``, ``DD/MM/YYYY`` or ``DDMMYYYY``.

    Raises:
        MalformedError: None of these forms, no day of the calendar, before there
            was health insurance, or more than two years ahead.
    """
    form = "must be a day like 2026-02-28, 28/02/2026 or 28022026"
    year, month, day = _parts(text, form)
    if not (month and day):
        raise MalformedError(form)
    found = _calendar_day(year, month, day)
    if found < EARLIEST_SERVICE:
        raise MalformedError(f"lies before {EARLIEST_SERVICE}")
    if found - today > SERVICE_AHEAD:
        raise MalformedError("lies more than two years ahead")
    return found


def _parts(text: str, form: str) -> tuple[int, int, int]:
    """Year, month and day; 0 for what is not there."""
    written = plain(text, max_chars=DATE_MAX)
    for pattern in _FORMS:
        if match := pattern.fullmatch(written):
            found = match.groupdict()
            month, day = int(found.get("month", 0)), int(found.get("day", 0))
            return int(found["year"]), month, day
    raise MalformedError(form)


def _calendar_day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise MalformedError("is no day of the calendar") from None
