"""Requests that two readers could read differently are read by nobody."""

import asyncio

import pytest
from aiohttp import web

from lookup.web import serving
from tests.support.builders import a_coverage
from tests.support.desk import Desk
from tests.support.raw_http import connected
from tests.support.served import served

BODY = b'{"citizen_id":"068180000001","full_name":"Nguyen Thi Lan"}'
LENGTH = b"%d" % len(BODY)
CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
HIDDEN = b"GET /068180000001 HTTP/1.1\r\nHost: desk\r\n\r\n"
"""What a smuggler would have answered as a request of its own, or of somebody else."""

LINE = b"POST /v1/lookups HTTP/1.1"
HOST = b"Host: desk\r\n"


def sent(headers, body=BODY, *, line=LINE, host=HOST):
    known = b"Authorization: Bearer tracuu_test\r\nContent-Type: application/json\r\n"
    return b"%b\r\n%b%b%b\r\n%b" % (line, host, known, headers, body)


def chunked(body, coding=b"Transfer-Encoding: chunked\r\n"):
    return sent(coding, body)


ATTACKS = {
    "length, then chunks": sent(
        b"Content-Length: %b\r\nTransfer-Encoding: chunked\r\n" % LENGTH, CHUNKED
    ),
    "chunks, then length": sent(
        b"Transfer-Encoding: chunked\r\nContent-Length: %b\r\n" % LENGTH, CHUNKED
    ),
    "two lengths": sent(b"Content-Length: %b\r\nContent-Length: 1\r\n" % LENGTH),
    "one length twice": sent(b"Content-Length: %b\r\n" % LENGTH * 2),
    "lengths in a list": sent(b"Content-Length: %b, %b\r\n" % (LENGTH, LENGTH)),
    "signed length": sent(b"Content-Length: +%b\r\n" % LENGTH),
    "negative length": sent(b"Content-Length: -1\r\n"),
    "hexadecimal length": sent(b"Content-Length: 0x3a\r\n"),
    "unknown coding": chunked(CHUNKED, b"Transfer-Encoding: xchunked\r\n"),
    "identity": chunked(CHUNKED, b"Transfer-Encoding: identity\r\n"),
    "chunked twice": chunked(CHUNKED, b"Transfer-Encoding: chunked, chunked\r\n"),
    "chunked not last": chunked(CHUNKED, b"Transfer-Encoding: chunked, identity\r\n"),
    "folded coding": chunked(CHUNKED, b"Transfer-Encoding:\r\n chunked\r\n"),
    "tab in the coding": chunked(CHUNKED, b"Transfer-Encoding: \x0bchunked\r\n"),
    "space before the colon": sent(b"Content-Length : %b\r\n" % LENGTH),
    "bare line feed": sent(b"Content-Length: %b\n" % LENGTH),
    "bare return": sent(b"X: a\rX: b\r\nContent-Length: %b\r\n" % LENGTH),
    "null byte": sent(b"X: a\x00b\r\nContent-Length: %b\r\n" % LENGTH),
    "two hosts": sent(b"Host: other\r\nContent-Length: %b\r\n" % LENGTH),
    "no host": sent(b"Content-Length: %b\r\n" % LENGTH, host=b""),
    "negative chunk": chunked(CHUNKED.replace(b"3a", b"-1")),
    "chunk of 0x": chunked(b"0x" + CHUNKED),
    "endless chunk": chunked(CHUNKED.replace(b"3a", b"f" * 17)),
    "chunk by line feed": chunked(CHUNKED.replace(b"\r\n", b"\n")),
    "extension by line feed": chunked(CHUNKED.replace(b"3a\r\n", b"3a;a\n")),
    "chunk too long": chunked(CHUNKED.replace(b"}\r\n", b"}XX\r\n")),
    "length as a trailer": chunked(
        CHUNKED.replace(b"0\r\n", b"0\r\nContent-Length: 9\r\n")
    ),
    "tabs in the line": sent(
        b"Content-Length: %b\r\n" % LENGTH, line=LINE.replace(b" ", b"\t")
    ),
    "version of two digits": sent(b"Content-Length: %b\r\n" % LENGTH, line=LINE + b"1"),
    "no HTTP": b"068180000001\r\n\r\n",
    "a number as the method": b"068180000001 / HTTP/1.1\r\nHost: desk\r\n\r\n",
    "a number as a header": b"GET / HTTP/1.1\r\n068180000001 : x\r\n\r\n",
    "endless header": b"GET / HTTP/1.1\r\nX: %b\r\n\r\n" % (b"068180000001" * 1_000),
}


@pytest.fixture
async def desk():
    desk = Desk()
    desk.source.know(a_coverage())
    return desk


async def answered(here, attack):
    """All that comes back until the connection is closed."""
    async with connected(here) as (reader, writer):
        writer.write(attack + HIDDEN)
        async with asyncio.timeout(5):
            return await reader.read()


async def test_no_request_can_hide_in_another(desk):
    async with served(desk.app()) as here:
        answers = {name: await answered(here, each) for name, each in ATTACKS.items()}

    for name, answer in answers.items():
        statuses = [line[9:12] for line in answer.split(b"\r\n") if b"HTTP/1." in line]
        assert statuses == [b"400"], name
    assert desk.audit.entries == []


async def test_what_cannot_be_read_is_not_repeated(desk):
    async with served(desk.app()) as here:
        answers = [await answered(here, attack) for attack in ATTACKS.values()]

    assert not [each for each in answers if b"068180000001" in each]
    assert not [each for each in answers if b"aiohttp" in each]


async def test_aiohttp_itself_would_repeat_it(desk, monkeypatch):
    monkeypatch.setattr(serving, "_Connection", web.RequestHandler)

    async with served(desk.app()) as here:
        answer = await answered(here, ATTACKS["no HTTP"])

    assert b"068180000001" in answer
