import json
from datetime import date, timedelta

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lookup.errors import InvalidRequestError
from lookup.request import RequestFields
from lookup.web import fields
from lookup.web.fields import (
    REMEMBERED_MAX_BYTES,
    _read_plainly,
    read_fields,
    read_object,
    read_question,
)
from tests.support.bad_requests import GOOD, bad_requests

TODAY = date(2026, 11, 25)
TOMORROW = TODAY + timedelta(days=1)
BODY = json.dumps(GOOD, ensure_ascii=False).encode()

NAMES = RequestFields.__struct_fields__
TEXTS = st.text(max_size=8) | st.sampled_from(['"', "\\", "\n", "qr", '":"', "ễ"])
VALUES = (
    TEXTS
    | st.none()
    | st.lists(TEXTS | st.none(), max_size=3)
    | st.sampled_from([0, 1.5, True, {}, {"qr": "x"}, [[]]])
)
MEMBERS = st.lists(st.tuples(st.sampled_from([*NAMES, "ho_ten", ""]), VALUES))


@st.composite
def bodies(draw):
    """Objects with anything in them, some of it twice, some of it broken."""
    escapes = draw(st.booleans())
    gap = draw(st.sampled_from(["", " ", "\n\t"]))
    members = [
        f"{json.dumps(name)}:{gap}{json.dumps(value, ensure_ascii=escapes)}"
        for name, value in draw(MEMBERS)
    ]
    text = f"{gap}{{{f'{gap},'.join(members)}}}{gap}"
    body = bytearray(text.encode(errors="surrogatepass"))
    if draw(st.booleans()):
        place = draw(st.integers(0, len(body)))
        body[place:place] = draw(
            st.sampled_from([b'"', b"\xff", b"\xef\xbb\xbf", b"x", b",", b"{}", b"\0"])
        )
    return bytes(body)


def read_slowly(body):
    """The fields as the thorough way reads them; None where it refuses them."""
    try:
        return msgspec.convert(read_object(body), RequestFields)
    except (InvalidRequestError, msgspec.ValidationError):
        return None


@settings(max_examples=500)
@given(bodies())
@example(BODY)
@example(b"\xef\xbb\xbf" + BODY)
@example(BODY + b"x")
@example(b'{"include":["health","coverage"],"qr":"x"}')
@example(b'{"include":[],"include":["health"]}')
@example(b'{"qr":null,"qr":"x"}')
@example(b'{"qr":"x","\\u0071r":"y"}')
@example(b'{"operator":"a\nb"}')
@example(b'{"qr":"\xed\xa0\x80"}')
@example(b'{"include":' + b"[" * 2_000 + b"]" * 2_000 + b"}")
def test_what_is_read_plainly_is_what_the_thorough_way_reads(body):
    plainly = _read_plainly(body)

    assert plainly is None or plainly == read_slowly(body)


def test_nothing_that_must_be_refused_is_read_plainly():
    refused = [body for body, _ in bad_requests(3_000) if read_slowly(body) is None]

    assert len(refused) > 500
    assert [body for body in refused if _read_plainly(body) is not None] == []


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        b"{}",
        b'{ "citizen_id" : "068180000001" }\n',
        b'{"include":[],"qr":"x"}',
        b'{"include":["health","coverage"],"purpose":"treatment"}',
        '{"full_name":"Nguyễn Thị Lan"}'.encode(),
    ],
)
def test_what_desks_send_is_read_plainly(body):
    assert _read_plainly(body) == read_slowly(body) is not None


DOUBLED = [
    b'{"qr":"x","qr":"y"}',
    b'{"qr":"x","qr":"x"}',
    b'{"qr":null,"qr":"y"}',
    b'{"qr":"x","qr":null}',
    b'{"include":["health"],"include":[]}',
    b'{"include":[],"include":["health"],"on":"2026-11-25"}',
]


def is_refused(body):
    try:
        read_fields(body)
    except InvalidRequestError:
        return True
    return False


@pytest.mark.parametrize("body", DOUBLED)
@pytest.mark.parametrize("is_guarded", [True, False])
def test_doubled_field_is_noticed_by_counting_its_marks(body, is_guarded, monkeypatch):
    if not is_guarded:
        monkeypatch.setattr(fields, "_read_plainly", fields._FIELDS.decode)

    assert is_refused(body) is is_guarded


def test_question_that_comes_again_is_the_same_object():
    first = read_question(BODY, TODAY)

    assert read_question(bytes(bytearray(BODY)), TODAY) is first


def test_another_spelling_of_a_question_is_read_anew():
    first, second = read_question(BODY, TODAY), read_question(BODY + b" ", TODAY)

    assert first == second
    assert first is not second


def test_question_of_yesterday_is_read_anew():
    first, second = read_question(BODY, TODAY), read_question(BODY, TOMORROW)

    assert (first.on, second.on) == (TODAY, TOMORROW)


@pytest.mark.parametrize(
    ("length", "is_remembered"),
    [(REMEMBERED_MAX_BYTES, True), (REMEMBERED_MAX_BYTES + 1, False)],
)
def test_long_question_is_not_remembered(length, is_remembered):
    body = BODY.ljust(length)

    first, second = read_question(body, TODAY), read_question(body, TODAY)

    assert first == second
    assert (first is second) is is_remembered


@pytest.mark.parametrize("body", [b"", b"[]", b'{"citizen_id":"1"}', DOUBLED[0]])
def test_refusal_is_said_again_and_takes_no_place(body):
    fields._remembered.cache_clear()

    for _ in range(3):
        with pytest.raises(InvalidRequestError):
            read_question(body, TODAY)

    assert fields._remembered.cache_info().currsize == 0


def test_day_decides_whether_a_question_can_be_asked():
    body = json.dumps(GOOD | {"birth_date": TOMORROW.isoformat()}).encode()

    with pytest.raises(InvalidRequestError):
        read_question(body, TODAY)

    assert read_question(body, TOMORROW).claim.birth_date.day == TOMORROW.day
