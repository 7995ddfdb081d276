import asyncio
import random

import pytest

from tests.support.bad_requests import RARE, bad_requests
from tests.support.desk import open_desk

COUNT = 10_000
AT_ONCE = 32


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        yield desk


async def complaint(desk, body, secret):
    """What is wrong with how a bad request was answered, None when all is well."""
    response, problem = await desk.ask(raw=body)
    if not 400 <= response.status < 500:
        return f"{response.status} for {body[:80]!r}"
    if problem["code"] == "invalid_request" and not problem["errors"]:
        return f"no field named for {body[:80]!r}"
    if secret and secret in (await response.read()):
        return f"repeated: {body[:80]!r}"
    return None


async def test_ten_thousand_bad_requests_are_refused_by_field_and_without_echo(desk):
    requests = bad_requests(COUNT)

    async def send():
        return [await complaint(desk, *request) for request in requests]

    complaints = [
        found
        for sender in await asyncio.gather(*(send() for _ in range(AT_ONCE)))
        for found in sender
    ]

    assert len(complaints) == COUNT
    assert [c for c in complaints if c] == []
    assert desk.source.loads == {}
    assert desk.audit.entries == []
    assert desk.log == []


@pytest.mark.parametrize("make", RARE)
async def test_bodies_too_large_are_refused(desk, make):
    assert await complaint(desk, *make(random.Random(7))) is None


async def test_what_only_one_of_two_parsers_can_read_is_refused(desk):
    nested = b"[" * 1_000 + b"]" * 1_000

    _, problem = await desk.ask(raw=b'{"qr":%b,"qr":%b}' % (nested, nested))

    assert problem["errors"][0]["message"] == "is nested too deeply"


async def test_every_refusal_is_counted_and_none_as_a_failure(desk):
    for body, _ in bad_requests(50):
        await desk.ask(raw=body)

    assert desk.metrics.read("tracuu_lookups_total", "refused", "none", "api") == 50


async def test_all_faults_are_told_at_once(desk):
    question = {"citizen_id": "1", "full_name": "🩺", "birth_date": "x", "on": "y"}

    _, problem = await desk.ask(question)

    pointers = [error["pointer"] for error in problem["errors"]]
    assert pointers == ["/citizen_id", "/full_name", "/birth_date", "/on"]
