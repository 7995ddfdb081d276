import zlib

import orjson

from lookup.web import serving
from lookup.web.lookups import BODY_MAX_BYTES
from tests.support.builders import a_coverage
from tests.support.desk import Desk
from tests.support.raw_http import ask, request
from tests.support.served import served

QUESTION = {
    "citizen_id": "068180000001",
    "full_name": "NGUYEN THI LAN",
    "birth_date": "05/03/1980",
}
NOBODY = QUESTION | {"citizen_id": "068180000009"}
BODY = orjson.dumps(QUESTION)
OWN_ID = "0d3c0b1e-6f0a-4c39-9a59-0a6a4a3f1c2d"


def a_desk():
    desk = Desk()
    desk.source.know(a_coverage())
    return desk


async def told(here, etag):
    """Answers to the table, by name of the request."""
    return {name: await ask(here, *parts) for name, parts in table(etag).items()}


def table(etag):
    """Requests of every kind, in the packets they come in."""
    text, gzip = "text/plain", zlib.compressobj(wbits=31)
    packed = gzip.compress(BODY) + gzip.flush()
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    return {
        "good": [request(QUESTION)],
        "nobody": [request(NOBODY)],
        "id kept": [request(QUESTION, X_Request_Id=OWN_ID)],
        "same again": [request(QUESTION, If_None_Match=etag)],
        "two packets": [request(QUESTION)[:-20], request(QUESTION)[-20:]],
        "charset": [request(BODY, Content_Type="application/json; charset=utf-8")],
        "chunked": [request(chunked, Content_Length=None, Transfer_Encoding="chunked")],
        "packed": [request(packed, Content_Encoding="gzip")],
        "badly packed": [request(BODY, Content_Encoding="gzip")],
        "broken": [request(BODY[:-1])],
        "empty": [request()],
        "a number alone": [request({"qr": "x"})],
        "another form": [request(QUESTION, Content_Type=text)],
        "no form": [request(QUESTION, Content_Type=None)],
        "largest": [request(BODY.ljust(BODY_MAX_BYTES))],
        "too large": [request(BODY.ljust(BODY_MAX_BYTES + 1))],
        "no key": [request(QUESTION, Authorization=None)],
        "wrong key": [request(QUESTION, Authorization="Bearer x")],
        "read": [request(line="GET /v1/lookups HTTP/1.1")],
        "asked": [request(QUESTION, line="POST /v1/lookups?desk=3 HTTP/1.1")],
        "slash": [request(QUESTION, line="POST /v1/lookups/ HTTP/1.1")],
        "whole": [request(QUESTION, line="POST http://desk/v1/lookups HTTP/1.1")],
        "oldest": [request(QUESTION, line="POST /v1/lookups HTTP/1.0")],
    }


STATUS = {
    **dict.fromkeys(table(""), 200),
    "same again": 304,
    **dict.fromkeys(("badly packed", "broken", "empty"), 400),
    "a number alone": 400,
    **dict.fromkeys(("another form", "no form"), 415),
    "too large": 413,
    **dict.fromkeys(("no key", "wrong key"), 401),
    "read": 405,
    "slash": 404,
}


async def test_short_way_answers_as_the_router_does_to_the_last_byte(monkeypatch):
    short, routed = a_desk(), a_desk()
    async with served(short.app()) as here:
        etag = (await ask(here, request(QUESTION))).header("ETag")
        by_the_short_way = await told(here, etag)
    monkeypatch.setattr(
        serving, "_by_the_short_way", lambda _, whole_way, __: whole_way
    )
    async with served(routed.app()) as here:
        await ask(here, request(QUESTION))
        by_the_router = await told(here, etag)

    assert {name: each.status for name, each in by_the_short_way.items()} == STATUS
    assert {name: each.lasting() for name, each in by_the_short_way.items()} == {
        name: each.lasting() for name, each in by_the_router.items()
    }
    assert [answered(short), answered(routed)] == [12, 12]


def answered(desk):
    """How many were told that they are insured."""
    return desk.metrics.read("tracuu_lookups_total", "active", "population", "api")
