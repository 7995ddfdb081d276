"""Bad requests by the thousand at every address of the dialect."""

import random

import orjson
import pytest

from tests.support.bad_requests import GOOD, bad_requests
from tests.support.builders import a_coverage, a_health
from tests.support.desk import KEY, open_desk
from tests.support.fhir import LAN, an_eligibility_request, parameters

COUNT = 400
"""Requests of each kind; there are six kinds and eleven addresses."""

JSON_ADDRESSES = ("CoverageEligibilityRequest", "Patient/$summary")
FORM_ADDRESSES = ("Patient/_search", "Coverage/_search", "DocumentReference/_search")
ID_ADDRESSES = (
    *("Patient/{}", "Patient/{}/$summary", "Coverage/{}", "Patient?_id={}"),
    *("Coverage?patient={}", "DocumentReference?patient=Patient/{}"),
)
ODD = (
    *(None, True, 0, -1, 1.5, 1e300, "", " ", "\x00", "\u202e", "🩺", "#", "#p", "||"),
    *([], {}, [[]], [{}], {"a": 1}, ["x"], "x" * 5_000, "Patient/", "urn:uuid:x"),
)


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.source.know(a_coverage())
        desk.source.know(a_health())
        yield desk


def mark_of(draw):
    return f"zq{draw.randrange(10**9):09}xj"


def spoiled(draw, value, mark):
    """The same value with one place, somewhere inside, spoiled."""
    if isinstance(value, dict) and value and draw.random() < 0.8:
        name = draw.choice(list(value))
        return value | {name: spoiled(draw, value[name], mark)}
    if isinstance(value, list) and value and draw.random() < 0.8:
        place = draw.randrange(len(value))
        inside = spoiled(draw, value[place], mark)
        return [*value[:place], inside, *value[place + 1 :]]
    return draw.choice([*ODD, mark, {mark: mark}, [mark]])


async def complaint(desk, method, path, *, secret, **options):
    """What is wrong with an answer to a bad request, None when all is well."""
    headers = {"Authorization": f"Bearer {KEY}"} | options.pop("headers", {})
    response = await desk.client.request(
        method, f"/fhir/{path}", headers=headers, **options
    )
    body = await response.read()
    if response.status >= 500:
        return f"{response.status}: {method} {path} {options}"
    if secret.encode() in body:
        return f"repeated: {method} {path} {options}"
    if response.status >= 400 and b"OperationOutcome" not in body:
        return f"no outcome: {method} {path} {options}"
    return None


@pytest.mark.parametrize("address", JSON_ADDRESSES)
async def test_spoiled_resources_are_never_a_failure_of_ours(desk, address):
    draw = random.Random(7)
    good = {
        "CoverageEligibilityRequest": an_eligibility_request(
            insurance=[{"coverage": {"identifier": {"system": "x", "value": "y"}}}],
            enterer={"display": "Hoa"},
            servicedPeriod={"start": "2026-11-25"},
        ),
        "Patient/$summary": parameters(**LAN),
    }[address]
    complaints = []

    for _ in range(2 * COUNT):
        mark = mark_of(draw)
        body = orjson.dumps(spoiled(draw, good, mark))
        headers = {"Content-Type": "application/fhir+json"}
        complaints.append(
            await complaint(
                desk, "POST", address, secret=mark, data=body, headers=headers
            )
        )

    assert [c for c in complaints if c] == []
    assert desk.log == []


@pytest.mark.parametrize("address", JSON_ADDRESSES)
async def test_bodies_of_the_other_dialect_are_refused(desk, address):
    complaints = []

    for body, secret in bad_requests(COUNT):
        headers = {"Content-Type": "application/json"}
        complaints.append(
            await complaint(
                desk,
                "POST",
                address,
                secret=secret.decode() or "\x00",
                data=body,
                headers=headers,
            )
        )

    assert [c for c in complaints if c] == []
    assert desk.source.loads == {}
    assert desk.log == []


@pytest.mark.parametrize("address", FORM_ADDRESSES)
async def test_spoiled_forms_are_never_a_failure_of_ours(desk, address):
    draw = random.Random(7)
    complaints = []
    names = [*LAN, *(f"patient.{n}" for n in LAN), "_id", "patient", "_format", "given"]

    for _ in range(COUNT):
        mark = mark_of(draw)
        texts = [mark, "", "|", f"{mark}|{mark}", *LAN.values(), *GOOD.values()]
        pairs = [
            (draw.choice([*names, mark]), draw.choice(texts))
            for _ in range(draw.randrange(6))
        ]
        complaints.append(
            await complaint(desk, "POST", address, secret=mark, data=pairs)
        )

    assert [c for c in complaints if c] == []
    assert desk.log == []


@pytest.mark.parametrize("address", FORM_ADDRESSES)
@pytest.mark.parametrize(
    "body",
    [b"\xff=\xfe", b"a=%ff", b"&" * 60_000, b"a=1&" * 60, b"=", b"%", b"identifier"],
)
async def test_what_is_no_form_is_refused(desk, address, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    found = await complaint(
        desk, "POST", address, secret="\x00", data=body, headers=headers
    )

    assert found is None
    assert desk.source.loads == {}


@pytest.mark.parametrize("address", ID_ADDRESSES)
async def test_ids_that_nobody_was_given_find_nobody(desk, address):
    draw = random.Random(7)
    letters = "abcXYZ019-._~%2F%00é🩺"
    complaints = []

    for length in range(1, 90):
        guess = mark_of(draw) + "".join(draw.choices(letters, k=length))
        complaints.append(
            await complaint(desk, "GET", address.format(guess), secret=guess[:13])
        )

    assert [c for c in complaints if c] == []
    assert desk.source.loads == {}
    assert desk.log == []
