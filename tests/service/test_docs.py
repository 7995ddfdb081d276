"""The API's handbook: Swagger UI from our own machine, over our own contract."""

import hashlib
import re
from importlib import resources

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from lookup.web.static import static_routes

DOCS = resources.files("lookup.web").joinpath("docs")
OURS = ("docs.css", "index.html", "init.js")


def text_of(name):
    return DOCS.joinpath(name).read_text(encoding="utf-8")


@pytest.fixture
async def client():
    app = web.Application()
    app.add_routes(static_routes())
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_handbook_allows_scripts_and_calls_of_our_own_only(client):
    response = await client.get("/docs")

    policy = response.headers["Content-Security-Policy"].split("; ")
    assert response.status == 200
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'"} <= set(
        policy
    )
    assert "style-src 'self' 'unsafe-inline'" in policy


async def test_whatever_the_handbook_refers_to_is_there(client):
    wanted = set(re.findall(r'(?:src|href)="([^"]+)"', text_of("index.html")))

    statuses = {at: (await client.get(f"/{at}")).status for at in wanted}

    # The contract is the application's own; here only files are served.
    assert statuses.pop("openapi.json") == 404
    assert set(statuses.values()) == {200}


async def test_every_file_of_the_handbook_is_served(client):
    names = {entry.name for entry in DOCS.iterdir()} - {"index.html"}

    for name in names:
        response = await client.get(f"/docs/{name}")
        assert await response.read() == DOCS.joinpath(name).read_bytes()


async def test_the_bundle_is_fetched_once_for_each_release(client):
    first = await client.get("/docs/swagger-ui-bundle.js")
    again = await client.get(
        "/docs/swagger-ui-bundle.js", headers={"If-None-Match": first.headers["ETag"]}
    )

    assert len(await first.read()) > 1_000_000
    assert (again.status, await again.read()) == (304, b"")


async def test_licences_can_be_read_as_text(client):
    response = await client.get("/docs/LICENSE")

    assert response.content_type == "text/plain"
    assert "Apache License" in await response.text()


@pytest.mark.parametrize(
    "path", ["/docs/", "/docs/init.ts", "/docs/swagger-ui.css.map"]
)
async def test_nothing_beside_the_list_is_served(client, path):
    assert (await client.get(path)).status == 404


@pytest.mark.parametrize("name", OURS)
def test_our_part_of_the_handbook_names_no_outside_address(name):
    assert re.findall(r"(?:https?:)?//[\w-]+\.\w+", text_of(name)) == []


def test_the_contract_is_shown_without_the_public_validator():
    script = text_of("init.js")

    assert 'url: "openapi.json"' in script
    assert "validatorUrl: null" in script
    assert "persistAuthorization: false" in script


def test_vendored_files_are_the_ones_the_notice_names():
    named = dict(
        reversed(line.split("  "))
        for line in text_of("NOTICE").splitlines()
        if re.match(r"[0-9a-f]{64}  ", line)
    )
    vendored = {e.name for e in DOCS.iterdir()} - {*OURS, "LICENSE", "NOTICE"}

    assert named == {
        name: hashlib.sha256(DOCS.joinpath(name).read_bytes()).hexdigest()
        for name in vendored
    }
