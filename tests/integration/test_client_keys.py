from datetime import UTC, datetime, timedelta

import pytest

from adapters.clients import (
    ClientDirectory,
    ClientError,
    create_client,
    replace_keys,
    revoke_client,
)
from adapters.used_assertions import UsedAssertions
from tests.support.smart import ec_key, jwk, key_set, rsa_key

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
KEYS = key_set(jwk(ec_key(), "ec"), jwk(rsa_key(), "rsa"))


@pytest.fixture
def directory(database, metrics, events):
    return ClientDirectory(database, metrics=metrics, events=events)


@pytest.fixture
async def client_id(connection):
    await create_client(connection, "his-1", scopes=["lookup:read"])
    return "his-1"


async def test_keys_of_a_client_are_found_by_its_name(connection, directory, client_id):
    count = await replace_keys(connection, client_id, KEYS)

    await directory.load()

    assert count == 2
    assert set(directory.named(client_id, NOW).public_keys) == {"ec", "rsa"}


async def test_new_keys_take_the_place_of_old_ones(connection, directory, client_id):
    await replace_keys(connection, client_id, KEYS)
    await replace_keys(connection, client_id, key_set(jwk(ec_key(number=2), "new")))

    await directory.load()

    assert set(directory.named(client_id, NOW).public_keys) == {"new"}


async def test_most_clients_have_no_keys(directory, client_id):
    await directory.load()

    assert directory.named(client_id, NOW).public_keys == {}


async def test_keys_that_this_version_does_not_take_are_none(
    connection, directory, client_id
):
    await connection.execute("UPDATE clients SET key_set = '{}'")

    await directory.load()

    assert directory.named(client_id, NOW).public_keys == {}


@pytest.mark.parametrize("name", ["his-2", "his-1"])
async def test_who_is_unknown_or_revoked_has_no_keys(
    connection, directory, client_id, name
):
    await revoke_client(connection, client_id)
    with pytest.raises(ClientError, match="no client"):
        await replace_keys(connection, name, KEYS)

    await directory.load()

    assert directory.named(name, NOW) is None


async def test_who_has_expired_is_not_found_by_name(connection, directory):
    await create_client(connection, "his-3", scopes=["lookup:read"], expires_at=NOW)

    await directory.load()

    assert directory.named("his-3", NOW) is None
    assert directory.named("his-3", NOW - timedelta(seconds=1)) is not None


async def test_a_malformed_key_set_is_refused(connection, client_id):
    with pytest.raises(ClientError, match="the key set must be a JWK set"):
        await replace_keys(connection, client_id, b"{}")


async def test_assertions_are_forgotten_once_they_have_expired(
    connection, database, client_id
):
    log = UsedAssertions(database)
    now = datetime.now(UTC)
    await log.use(client_id, "old", until=now - timedelta(seconds=1))
    await log.use(client_id, "new", until=now + timedelta(minutes=5))

    await log.prune()

    assert await connection.fetchval("SELECT count(*) FROM used_assertions") == 1
    assert await log.use(client_id, "old", until=now)
    assert not await log.use(client_id, "new", until=now)
