"""A client registers its key, proves who it is and reads by FHIR from any worker."""

from datetime import UTC, datetime, timedelta

import aiohttp
import asyncpg
import pytest
from click.testing import CliRunner

from lookup.cli import main
from tests.support.builders import CARD_NUMBER, CITIZEN_ID, a_card, a_person
from tests.support.fhir import LAN, matches
from tests.support.population_rows import insert_card, insert_person
from tests.support.smart import (
    an_assertion,
    claims_of,
    ec_key,
    jwk,
    key_set,
    token_form,
)
from tests.support.whole_service import TWO_WORKERS, running_service

QUESTION = {
    "citizen_id": CITIZEN_ID,
    "full_name": LAN["name"],
    "birth_date": LAN["birthdate"],
}
NAME = "his-smart"
TIMES = 8


@pytest.fixture
async def service(database_url, redis_url, tmp_path):
    connection = await asyncpg.connect(database_url)
    today = await connection.fetchval("SELECT current_date")
    long = timedelta(days=200)
    await insert_person(connection, a_person())
    await insert_card(
        connection, a_card(valid_from=today - long, valid_to=today + long)
    )
    await connection.close()
    async with running_service(
        database_url, redis_url, tmp_path, **TWO_WORKERS
    ) as running:
        yield running


@pytest.fixture
def registered(database_url, monkeypatch, tmp_path):
    """The client of these tests, entered by the command line with its public key."""
    monkeypatch.setenv("TRACUU_DATABASE_URL", database_url)
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(jwk(ec_key(), "ec")))
    created = CliRunner().invoke(main, ["clients", "create", NAME, "--jwks", str(file)])
    assert created.exit_code == 0, created.output
    return database_url


async def posted(session, url, data, *, token=None):
    """A form posted on a connection of its own, so that any worker may answer."""
    headers = {"Connection": "close"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    async with session.post(url, data=data, headers=headers) as response:
        return response.status, await response.json(content_type=None)


async def test_one_proof_gives_one_token_for_every_worker(registered, service):  # noqa: ARG001 - entered first
    url = f"{service.url}/oauth/token"
    claims = claims_of(datetime.now(UTC), aud=url, iss=NAME, sub=NAME)
    form = token_form(an_assertion(claims))
    async with aiohttp.ClientSession() as session:
        tries = [await posted(session, url, form) for _ in range(TIMES)]
        token = tries[0][1]["access_token"]
        own = [(await service.ask(QUESTION, key=token))[0] for _ in range(TIMES)]
        found = [
            await posted(
                session, f"{service.url}/fhir/Patient/_search", LAN, token=token
            )
            for _ in range(TIMES)
        ]

    ids = {matches(bundle)[0]["id"] for _, bundle in found}
    assert [status for status, _ in tries] == [200, *[401] * (TIMES - 1)]
    assert own == [200] * TIMES
    assert len(ids) == 1
    assert CITIZEN_ID not in service.log.read_text()
    assert CARD_NUMBER not in service.log.read_text()


@pytest.mark.parametrize(
    ("arguments", "sent", "status", "said"),
    [
        (["keys", NAME], key_set(jwk(ec_key(), "new")), 0, "has 1 keys"),
        (["keys", "nobody"], key_set(jwk(ec_key(), "new")), 1, "no client nobody"),
        (["keys", NAME], b"{}", 1, "must be a JWK set"),
        (["create", "x-1", "--jwks", "-"], b"{}", 1, "must be a JWK set"),
    ],
)
def test_keys_are_registered_by_command(registered, arguments, sent, status, said):  # noqa: ARG001 - as above
    ran = CliRunner().invoke(main, ["clients", *arguments], input=sent)

    assert (ran.exit_code, said in ran.output) == (status, True)
