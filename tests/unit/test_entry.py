from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.entry import (
    Entry,
    Held,
    Label,
    Redirect,
    UnreadableError,
    decode,
    encode,
    is_nobody,
    living_id,
    shape,
)
from lookup.citizen_id import CitizenId
from tests.support.builders import (
    AS_OF,
    CITIZEN_ID,
    a_coverage,
    a_finding,
    a_health,
    a_person,
)

CONTENTS = [
    Held(record=a_coverage(), as_of=AS_OF),
    Held(record=a_health(), as_of=AS_OF + timedelta(microseconds=1)),
    Held(record=None, as_of=AS_OF),
    Redirect(citizen_id=CITIZEN_ID, as_of=AS_OF),
]


def an_entry(version, *, age_s=0, record=None):
    content = Held(record=record, as_of=AS_OF - timedelta(seconds=age_s))
    return Entry(content, Label(version, 0.0), 1)


@pytest.mark.parametrize("content", CONTENTS)
def test_every_content_survives_its_wire_form(content):
    assert decode(encode(content)) == content


@given(st.binary(max_size=200))
def test_other_bytes_are_unreadable(plain):
    with pytest.raises(UnreadableError):
        decode(plain)


def test_a_cut_content_is_unreadable_and_the_error_is_silent():
    plain = encode(CONTENTS[0])

    with pytest.raises(UnreadableError) as unreadable:
        decode(plain[:-1])

    assert CITIZEN_ID not in str(unreadable.value)
    assert unreadable.value.__cause__ is None


@pytest.mark.parametrize("content", CONTENTS)
def test_no_content_shows_when_printed(content):
    entry = Entry(content, Label(3, 1.0), 10)

    assert CITIZEN_ID not in f"{entry!r} {content!r}"


@pytest.mark.parametrize(
    ("one", "other", "is_older"),
    [
        (an_entry(4), an_entry(5), True),
        (an_entry(5, age_s=9), an_entry(4), False),
        (an_entry(5), an_entry(5), False),
        (an_entry(5, age_s=1), an_entry(5), True),
        (an_entry(0, age_s=1), an_entry(5), True),
        (an_entry(0), an_entry(5, age_s=1), False),
        (an_entry(5, age_s=1), an_entry(0), True),
    ],
)
def test_version_tells_the_older_one_or_else_the_time(one, other, is_older):
    assert one.is_older_than(other) is is_older


def test_an_entry_answers_with_its_record():
    entry = Entry(CONTENTS[0], Label(7, 0.0), 1)

    assert entry.finding("redis", is_stale=True) == a_finding(
        version=7, source="redis", is_stale=True
    )


def test_only_a_missing_record_is_nobody():
    assert [is_nobody(content) for content in CONTENTS] == [False, False, True, False]


def test_both_facets_name_the_living_citizen():
    other = "068180000002"

    assert living_id(a_coverage(person=a_person(citizen_id=other))) == CitizenId(other)
    assert living_id(a_health(citizen_id=other)) == CitizenId(other)


def test_the_shape_is_the_same_in_every_process():
    assert shape() == shape()
    assert len(shape()) == 16


def test_a_new_field_makes_another_shape(monkeypatch):
    before = shape()

    class Wider(Redirect, frozen=True, tag="redirect", array_like=True):
        is_restricted: bool = False

    monkeypatch.setattr("cache.entry.Content", Held | Wider)

    assert shape() != before
