"""Answers of a load test are held against what they must say."""

import orjson
import pytest

from loadtests.load.answers import (
    HEADERS,
    SHOWS_PERSON,
    FaultError,
    body_of,
    check,
    code_of,
    path_of,
    retry_after_s,
)
from loadtests.load.morning import BATCH_LOOKUPS, Kind
from loadtests.load.tally import FaultKind
from lookup.codes import COUNTS_AS, RESULTS
from lookup.request import RequestFields, read_request
from lookup.web.fields import read_batch, read_fields
from tests.support.load import PROBLEM, a_person, a_reply, an_answer, an_arrival
from tests.support.synthetic import ANCHOR

ON = ANCHOR.isoformat()

A_SUMMARY = {"summary": {"blood_group": "O"}}


def a_batch_reply(*, without=(), **fields):
    lines = [
        orjson.dumps({"index": n, "answer": an_answer(**fields)})
        for n in range(BATCH_LOOKUPS)
        if n not in without
    ]
    return a_reply(body=b"\n".join(reversed(lines)))


def fault_of(arrival, reply):
    with pytest.raises(FaultError) as raised:
        check(arrival, reply)
    return raised.value


RIGHT = [
    (an_arrival(), a_reply()),
    (an_arrival(code="060"), a_reply(an_answer(result={"code": "060"}, person=None))),
    (an_arrival(code="060"), a_reply(an_answer(result={"code": "050"}, person=None))),
    (an_arrival(Kind.MALFORMED), a_reply(PROBLEM, status=400)),
    (an_arrival(Kind.HEALTH), a_reply(an_answer(health=A_SUMMARY))),
    (
        an_arrival(Kind.HEALTH, has_health=False),
        a_reply(an_answer(health={"summary": None})),
    ),
    (
        an_arrival(Kind.HEALTH, code="050"),
        a_reply(an_answer(result={"code": "050"}, person=None)),
    ),
    (an_arrival(Kind.BATCH), a_batch_reply()),
]


@pytest.mark.parametrize(("arrival", "reply"), RIGHT)
def test_right_answers_pass(arrival, reply):
    check(arrival, reply)


WRONG = [
    (an_arrival(), a_reply(status=500), "status 500, not 200"),
    (an_arrival(), a_reply(headers={}), "no X-Request-Id"),
    (an_arrival(), a_reply(headers={"X-Request-Id": "b"}), "another request_id"),
    (an_arrival(), a_reply(body=b"<html>"), "no JSON object"),
    (an_arrival(), a_reply(body=b"[]"), "no JSON object"),
    (an_arrival(), a_reply(an_answer(result={"code": "010"})), "code 010, not 000"),
    (
        an_arrival(code="010"),
        a_reply(an_answer(result={"code": "050"})),
        "code 050, not 010",
    ),
    (an_arrival(), a_reply(an_answer(person=None)), "code 000 without a person"),
    (an_arrival(answered_id="068180000002"), a_reply(), "another citizen"),
    (
        an_arrival(),
        a_reply(an_answer(health=A_SUMMARY)),
        "health without reason, or none",
    ),
    (an_arrival(Kind.HEALTH), a_reply(), "health without reason, or none"),
    (
        an_arrival(Kind.HEALTH, has_health=False),
        a_reply(an_answer(health=A_SUMMARY)),
        "another health summary",
    ),
    (an_arrival(Kind.MALFORMED), a_reply(), "status 200, not 400"),
    (
        an_arrival(Kind.MALFORMED),
        a_reply({**PROBLEM, "code": "not_found"}, status=400),
        "another problem",
    ),
    (an_arrival(Kind.BATCH), a_batch_reply(without={3}), "other lines"),
    (
        an_arrival(Kind.BATCH),
        a_batch_reply(person={"citizen_id": "0"}),
        "another citizen",
    ),
]


@pytest.mark.parametrize(("arrival", "reply", "text"), WRONG)
def test_wrong_answers_are_found(arrival, reply, text):
    fault = fault_of(arrival, reply)

    assert (fault.kind, str(fault)) == (FaultKind.WRONG, text)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (0, FaultKind.UNANSWERED),
        (429, FaultKind.REFUSED),
        (503, FaultKind.REFUSED),
        (504, FaultKind.REFUSED),
    ],
)
def test_no_answer_is_a_fault_of_its_own_kind(status, kind):
    assert fault_of(an_arrival(), a_reply(status=status)).kind == kind


def test_no_fault_shows_a_person():
    person = a_person()
    shown = [str(fault_of(arrival, reply)) for arrival, reply, _ in WRONG]

    assert not any(person.citizen_id in text for text in shown)
    assert not any(person.full_name in text for text in shown)


def test_service_understands_what_is_sent():
    plain = read_fields(body_of(an_arrival(), ON))
    health = read_fields(body_of(an_arrival(Kind.HEALTH), ON))
    batch = read_batch(body_of(an_arrival(Kind.BATCH), ON))

    assert isinstance(plain, RequestFields)
    assert not {"health"} & set(read_request(plain, today=ANCHOR).facets)
    assert {"health"} <= set(read_request(health, today=ANCHOR).facets)
    assert [read_fields(body) for body in batch] == [plain] * BATCH_LOOKUPS
    assert path_of(an_arrival(Kind.BATCH)).endswith("/batch")


def test_every_request_stays_out_of_the_objectives():
    assert HEADERS["X-Tracuu-Channel"] == "loadtest"


def test_codes_with_a_person_are_those_that_count_as_success():
    success = {
        code for code, row in RESULTS.items() if COUNTS_AS[row.outcome] == "success"
    }

    assert success == SHOWS_PERSON


def test_right_answer_counts_by_its_code_or_its_status():
    assert code_of(a_reply()) == "000"
    assert code_of(a_reply(PROBLEM, status=400)) == "400"


@pytest.mark.parametrize(("told", "waited_s"), [("2", 2), ("", 1), ("soon", 1)])
def test_caller_waits_as_it_is_told(told, waited_s):
    assert retry_after_s(a_reply(headers={"Retry-After": told})) == waited_s
