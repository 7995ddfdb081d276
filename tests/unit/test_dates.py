import contextlib
import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookup.dates import parse_birth_date, parse_day
from lookup.errors import MalformedError
from lookup.record import BirthDate

TODAY = date(2026, 11, 25)
DAY = BirthDate(year=1950, month=2, day=8)
MONTH = BirthDate(year=1950, month=2)
YEAR = BirthDate(year=1950)


def born(text):
    return parse_birth_date(text, today=TODAY)


def served(text):
    return parse_day(text, today=TODAY)


@pytest.mark.parametrize(
    ("text", "birth"),
    [
        ("1950-02-08", DAY),
        ("08/02/1950", DAY),
        ("8/2/1950", DAY),
        ("08-02-1950", DAY),
        ("08.02.1950", DAY),
        ("08021950", DAY),
        ("1950/2/8", DAY),
        (" ０８／０２／１９５０ ", DAY),
        ("02/1950", MONTH),
        ("2/1950", MONTH),
        ("1950-02", MONTH),
        ("00/02/1950", MONTH),
        ("1950", YEAR),
        ("00/00/1950", YEAR),
        ("00001950", YEAR),
        ("08/00/1950", YEAR),
        ("1950-00-00", YEAR),
        ("29/02/2024", BirthDate(year=2024, month=2, day=29)),
        ("01/01/1900", BirthDate(year=1900, month=1, day=1)),
        ("25/11/2026", BirthDate(year=2026, month=11, day=25)),
        ("11/2026", BirthDate(year=2026, month=11)),
        ("2026", BirthDate(year=2026)),
    ],
)
def test_reads_every_form_of_a_birth_date(text, birth):
    assert born(text) == birth


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("30/02/1950", "is no day of the calendar"),
        ("29/02/2023", "is no day of the calendar"),
        ("13/13/1950", "is no day of the calendar"),
        ("13/1950", "is no day of the calendar"),
        ("32/01/1950", "is no day of the calendar"),
        ("19500208", "is no day of the calendar"),
        ("0000", "is no day of the calendar"),
        ("31/12/1899", "lies before 1900"),
        ("1899", "lies before 1900"),
        ("26/11/2026", "lies in the future"),
        ("12/2026", "lies in the future"),
        ("2027", "lies in the future"),
        ("9999-12-31", "lies in the future"),
    ],
)
def test_refuses_a_birth_date_that_cannot_be(text, reason):
    with pytest.raises(MalformedError, match=f"^{reason}$"):
        born(text)


@pytest.mark.parametrize(
    "text",
    ["", "08/02/50", "8 2 1950", "1950-02-08T00:00", "Feb 1950", "٠٨/٠٢/١٩٥٠", "195O"],
)
def test_shows_the_forms_it_reads(text):
    reason = "must be like 1950-02-28, 28/02/1950, 28021950, 02/1950 or 1950"

    with pytest.raises(MalformedError, match=f"^{re.escape(reason)}$"):
        born(text)


@pytest.mark.parametrize("text", ["2026-11-25", "25/11/2026", "25112026", "25.11.2026"])
def test_reads_every_form_of_a_day_of_service(text):
    assert served(text) == TODAY


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026", "must be a day like"),
        ("11/2026", "must be a day like"),
        ("00/11/2026", "must be a day like"),
        ("tomorrow", "must be a day like"),
        ("31/11/2026", "no day of the calendar"),
        ("14/08/1992", "lies before 1992-08-15"),
        ("26/11/2028", "more than two years ahead"),
        ("2" * 33, "at most 32 characters"),
        ("25/11/2026\0", "control or hidden"),
    ],
)
def test_refuses_a_day_of_service_that_cannot_be(text, reason):
    with pytest.raises(MalformedError, match=reason):
        served(text)


@pytest.mark.parametrize("day", [date(1992, 8, 15), TODAY + timedelta(days=731)])
def test_reads_the_first_and_the_last_day_of_service(day):
    assert served(day.isoformat()) == day


@given(st.dates(date(1900, 1, 1), TODAY), st.sampled_from("/.-"))
def test_every_birthday_is_read_alike_in_all_its_forms(day, mark):
    birth = BirthDate(year=day.year, month=day.month, day=day.day)
    vietnamese = f"{day:%d}{mark}{day:%m}{mark}{day.year}"

    assert born(day.isoformat()) == birth
    assert born(vietnamese) == birth
    assert born(vietnamese.replace(mark, "")) == birth


@given(st.one_of(st.text(), st.from_regex(r"[0-9/.\-]{4,12}", fullmatch=True)))
def test_any_text_is_read_or_refused(text):
    for parse in (born, served):
        with contextlib.suppress(MalformedError):
            assert parse(text).year <= TODAY.year + 2
