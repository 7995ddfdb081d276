"""What a browser may make of an answer, whoever got it to ask."""

import pytest

from lookup.web.every_answer import EVERY_ANSWER
from tests.support.desk import KEY, open_desk

QUESTION = {"citizen_id": "068180000001", "full_name": "Nguyễn Thị Lan"}

ASKED = [
    ("GET", "/"),
    ("GET", "/page/page.js"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/nothing/here"),
    ("GET", "/v1/lookups"),
    ("POST", "/v1/lookups"),
    ("POST", "/v1/lookups/batch"),
    ("GET", "/fhir/metadata"),
    ("GET", "/fhir/Patient/x"),
    ("GET", "/.well-known/smart-configuration"),
    ("POST", "/oauth/token"),
    ("POST", "/api/token/take"),
    ("POST", "/api/egw/KQNhanLichSuKCB2024"),
]


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        yield desk


async def answer(desk, method, path):
    headers = {
        "Authorization": f"Bearer {KEY}",
        "Origin": "https://elsewhere.example",
    }
    batch = path.endswith("batch")
    body = {"lookups": [QUESTION]} if batch else QUESTION
    sent = {"json": body} if method == "POST" else {}
    return await desk.client.request(method, path, headers=headers, **sent)


@pytest.mark.parametrize(("method", "path"), ASKED)
async def test_every_answer_forbids_browsers_the_same(desk, method, path):
    response = await answer(desk, method, path)

    policy = response.headers["Content-Security-Policy"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    for rule in EVERY_ANSWER["Content-Security-Policy"].split("; "):
        assert rule in policy


@pytest.mark.parametrize(("method", "path"), ASKED)
async def test_no_other_site_may_read_and_no_cookie_is_set(desk, method, path):
    response = await answer(desk, method, path)

    headers = {name.lower() for name in response.headers}
    assert not [name for name in headers if name.startswith("access-control-")]
    assert "set-cookie" not in headers


@pytest.mark.parametrize(("method", "path"), ASKED)
async def test_no_answer_tells_the_versions_of_our_libraries(desk, method, path):
    response = await answer(desk, method, path)

    assert "aiohttp" not in str(response.headers)


@pytest.mark.parametrize("path", sorted({path for _, path in ASKED}))
@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "PATCH", "DELETE"])
async def test_methods_that_nothing_needs_are_refused(desk, method, path):
    response = await desk.client.request(method, path)

    assert response.status in {404, 405}


async def test_without_the_rules_an_answer_would_have_none(monkeypatch):
    monkeypatch.setattr("lookup.web.middleware.EVERY_ANSWER", {})

    async with open_desk() as desk:
        response = await answer(desk, "GET", "/openapi.json")

    assert "X-Content-Type-Options" not in response.headers
    assert "aiohttp" in response.headers["Server"]
