"""What a load test sends and gets, valid unless told otherwise."""

from collections import Counter

import orjson

from loadtests.load.answers import MALFORMED_BIRTH_DATE, Reply, body_of
from loadtests.load.morning import BATCH_LOOKUPS, Arrival, Kind
from loadtests.load.people import Person
from loadtests.load.tally import Tally
from loadtests.load.thresholds import Measured

REQUEST_ID = "7f9c2ba4"

PROBLEM = {"request_id": REQUEST_ID, "code": "invalid_request"}


def a_person(**fields):
    """Somebody whose card is in force."""
    number = fields.setdefault("citizen_id", "068180000001")
    return Person(
        **{
            "full_name": "Nguyễn Thị Lan",
            "birth_date": "1980-03-01",
            "code": "000",
            "answered_id": number,
            "has_health": True,
            **fields,
        }
    )


def an_arrival(kind=Kind.PLAIN, **person):
    """One request about this person."""
    count = BATCH_LOOKUPS if kind == Kind.BATCH else 1
    return Arrival(1.0, 0, kind, (a_person(**person),) * count, "NV-00-01")


def an_answer(**fields):
    """The answer to a plain lookup about ``a_person()``."""
    person = a_person()
    return {
        "request_id": REQUEST_ID,
        "result": {"code": person.code},
        "person": {"citizen_id": person.answered_id},
        "health": None,
        **fields,
    }


def a_reply(document=None, *, status=200, headers=None, body=None):
    """How the service replies with this document."""
    return Reply(
        status,
        {"X-Request-Id": REQUEST_ID} if headers is None else headers,
        orjson.dumps(document or an_answer()) if body is None else body,
    )


def a_tally(*, sent=1_000, late=0, **fields):
    """What one process did: everything sent at its time and answered."""
    return Tally(sent=Counter({"0": sent}), late=Counter({"0": late}), **fields)


def measured(**fields):
    """A run in which all went well."""
    return Measured(
        **{
            "scheduled": 1_000,
            "sent": 1_000,
            "tally": a_tally(cpu_share=0.3),
            "p95_ms": 10.0,
            "p99_ms": 20.0,
            "slowest_ms": 80.0,
            **fields,
        }
    )


def reply_to(body):
    """How the service replies to this body about ``a_person()``."""
    if body["birth_date"] == MALFORMED_BIRTH_DATE:
        return a_reply(PROBLEM, status=400)
    wants_health = "health" in body.get("include", ())
    return a_reply(an_answer(health={"summary": {}} if wants_health else None))


def as_sent(people):
    """The body of a plain lookup about the first of these people."""
    first = people.everybody[0]
    arrival = Arrival(0.0, 0, Kind.PLAIN, (first,), "NV-00-01")
    return orjson.loads(body_of(arrival, people.on))
