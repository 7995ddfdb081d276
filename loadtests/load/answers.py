"""What is sent, and whether the answer is the right one: by content, not by status.

A fault never repeats what was sent or answered: it is shown and kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson

from loadtests.load.morning import Arrival, Kind
from loadtests.load.people import Person
from loadtests.load.tally import FaultKind

LOOKUPS = "/v1/lookups"
BATCH = "/v1/lookups/batch"

HEADERS = {"Content-Type": "application/json", "X-Tracuu-Channel": "loadtest"}
"""The channel keeps load tests out of every objective."""

MALFORMED_BIRTH_DATE = "31/02/1990"

NOBODY = "050"

SAID_TO_ANYBODY = {"060": NOBODY, "061": NOBODY, "070": NOBODY}
"""What a key reads that may not know why somebody did not match."""

SHOWS_PERSON = frozenset(
    {"000", "001", "002", "003", "004", "010", "110"}
    | {"120", "121", "122", "123", "124"}
)
"""Codes that come with the person and the card."""


NO_TIME = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""How a service says that it has no time or place."""


class FaultError(Exception):
    """An answer that is not as it should be."""

    def __init__(self, kind: FaultKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What came back; status 0 for nothing."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def path_of(arrival: Arrival) -> str:
    """Where it is sent."""
    return BATCH if arrival.kind == Kind.BATCH else LOOKUPS


def body_of(arrival: Arrival, on: str) -> bytes:
    """What is sent, for this day of service."""
    bodies = [_lookup(person, arrival, on) for person in arrival.people]
    return orjson.dumps(
        {"lookups": bodies} if arrival.kind == Kind.BATCH else bodies[0]
    )


def code_of(reply: Reply) -> str:
    """Under which code the right answer to one lookup counts: its result's or 400."""
    if reply.status != HTTPStatus.OK:
        return str(reply.status)
    return str(orjson.loads(reply.body)["result"]["code"])


def retry_after_s(reply: Reply) -> float:
    """How long a caller is told to wait; a second unless told."""
    try:
        return max(0.0, float(reply.headers.get("Retry-After", "")))
    except ValueError:
        return 1.0


def check(arrival: Arrival, reply: Reply) -> None:
    """Hold a reply against what the person asked about must give.

    Raises:
        FaultError: It is another, or none.
    """
    _check_status(arrival, reply)
    request_id = reply.headers.get("X-Request-Id")
    _demand("no X-Request-Id", holds=bool(request_id))
    if arrival.kind == Kind.BATCH:
        _check_lines(arrival, reply.body)
        return
    document = _document(reply.body)
    _demand("another request_id", holds=document.get("request_id") == request_id)
    if arrival.kind == Kind.MALFORMED:
        _demand("another problem", holds=document.get("code") == "invalid_request")
    else:
        _check_answer(arrival.people[0], document)
        _check_health(arrival, document)


def _lookup(person: Person, arrival: Arrival, on: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "citizen_id": person.citizen_id,
        "full_name": person.full_name,
        "birth_date": person.birth_date,
        "on": on,
        "operator": arrival.operator,
    }
    if arrival.kind == Kind.HEALTH:
        body |= {"include": ["coverage", "health"], "purpose": "treatment"}
    if arrival.kind == Kind.MALFORMED:
        body["birth_date"] = MALFORMED_BIRTH_DATE
    return body


def _check_status(arrival: Arrival, reply: Reply) -> None:
    if reply.status == 0:
        raise FaultError(FaultKind.UNANSWERED, "no answer")
    if reply.status in NO_TIME:
        raise FaultError(FaultKind.REFUSED, f"status {reply.status}")
    is_malformed = arrival.kind == Kind.MALFORMED
    wanted = HTTPStatus.BAD_REQUEST if is_malformed else HTTPStatus.OK
    _demand(f"status {reply.status}, not {wanted}", holds=reply.status == wanted)


def _check_lines(arrival: Arrival, body: bytes) -> None:
    lines = [_document(line) for line in body.splitlines()]
    found = sorted(line.get("index", -1) for line in lines)
    _demand("other lines", holds=found == list(range(len(arrival.people))))
    for line in lines:
        _demand("a problem in a line", holds="answer" in line)
        _check_answer(arrival.people[line["index"]], line["answer"])


def _check_answer(person: Person, answer: dict[str, Any]) -> None:
    code = answer.get("result", {}).get("code")
    may_be = {person.code, SAID_TO_ANYBODY.get(person.code, person.code)}
    _demand(f"code {code}, not {person.code}", holds=code in may_be)
    shown = answer.get("person")
    if shown is None:
        _demand(f"code {code} without a person", holds=code not in SHOWS_PERSON)
    else:
        is_theirs = shown.get("citizen_id") == person.answered_id
        _demand("another citizen", holds=is_theirs)


def _check_health(arrival: Arrival, answer: dict[str, Any]) -> None:
    """Somebody without a record has one without a summary; a mismatch has none."""
    is_wanted = arrival.kind == Kind.HEALTH and answer.get("person") is not None
    health = answer.get("health")
    _demand("health without reason, or none", holds=(health is not None) == is_wanted)
    if health is not None:
        has_summary = health.get("summary") is not None
        is_right = has_summary == arrival.people[0].has_health
        _demand("another health summary", holds=is_right)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise FaultError(FaultKind.WRONG, "no JSON object")
    return document


def _demand(otherwise: str, *, holds: bool) -> None:
    if not holds:
        raise FaultError(FaultKind.WRONG, otherwise)
