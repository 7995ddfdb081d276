import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from adapters import clients
from adapters.api_keys import ApiKey, hash_key, looks_like_key, make_key
from adapters.clients import (
    ClientDirectory,
    ClientError,
    create_client,
    list_clients,
    revoke_client,
)
from adapters.postgres import FAILURES, Database
from lookup.scopes import Scope
from tests.support.waiting import eventually

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)


@pytest.fixture
def directory(database, metrics, events):
    return ClientDirectory(database, metrics=metrics, events=events)


def test_keys_differ_and_look_like_keys():
    keys = {make_key().text for _ in range(100)}

    assert len(keys) == 100
    assert all(map(looks_like_key, keys))
    assert {len(key) for key in keys} == {41}


@pytest.mark.parametrize("place", range(41))
def test_key_with_one_wrong_character_is_no_key(place):
    key = make_key().text
    other = "x" if key[place] != "x" else "y"

    assert not looks_like_key(key[:place] + other + key[place + 1 :])


@pytest.mark.parametrize("text", ["", "tracuu_", "Bearer x", "ẞ" * 41, "\udc80" * 41])
def test_other_texts_are_no_keys(text):
    assert not looks_like_key(text)


def test_key_never_shows():
    key = make_key()

    assert f"{key} {key!r} {key!s}" == "ApiKey(***) ApiKey(***) ApiKey(***)"


async def test_new_client_is_found_by_its_key(connection, directory, metrics):
    key = await create_client(
        connection,
        "his-1",
        scopes=["health:read", "lookup:read"],
        description="Hospital information system",
    )

    await directory.load()

    client = directory.find(key.text, NOW)
    assert client.client_id == "his-1"
    assert client.scopes == {Scope.LOOKUP, Scope.HEALTH}
    assert metrics.read("tracuu_clients") == 1


@pytest.mark.parametrize("deadline_s", [None, 0.25, 30.0])
async def test_client_has_the_deadline_it_was_given(connection, directory, deadline_s):
    key = await create_client(
        connection, "his-1", scopes=["lookup:read"], deadline_s=deadline_s
    )

    await directory.load()

    assert directory.find(key.text, NOW).deadline_s == deadline_s


@pytest.mark.parametrize("deadline_s", [0.0, 30.1, float("nan")])
async def test_deadline_out_of_range_is_refused(connection, deadline_s):
    with pytest.raises(ClientError, match="more than 0 s and at most 30 s"):
        await create_client(connection, "his-1", scopes=[], deadline_s=deadline_s)

    await create_client(connection, "his-1", scopes=[])
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE clients SET deadline_s = $1", deadline_s)


async def test_key_itself_is_kept_nowhere(connection):
    key = await create_client(connection, "his-1", scopes=["lookup:read"])

    row = await connection.fetchrow("SELECT * FROM clients")

    assert row["key_hash"] == hash_key(key)
    assert row["key_hint"] == key.text[-4:]
    assert key.text not in str(dict(row))


@pytest.mark.parametrize(
    "key", [make_key().text, "tracuu_nonsense"], ids=["other", "no key"]
)
async def test_unknown_key_opens_nothing(connection, directory, key):
    await create_client(connection, "his-1", scopes=["lookup:read"])
    await directory.load()

    assert directory.find(key, NOW) is None


@pytest.mark.parametrize(
    ("late", "opens"),
    [(timedelta(0), False), (timedelta(seconds=-1), True)],
    ids=["at the end", "before"],
)
async def test_key_opens_until_it_expires(connection, directory, *, late, opens):
    key = await create_client(
        connection, "his-1", scopes=["lookup:read"], expires_at=NOW
    )
    await directory.load()

    assert (directory.find(key.text, NOW + late) is not None) == opens


async def test_revoked_key_opens_nothing_after_a_refresh(connection, directory):
    key = await create_client(connection, "his-1", scopes=["lookup:read"])
    await directory.load()
    await revoke_client(connection, "his-1")

    before = directory.find(key.text, NOW)
    await directory.load()
    after = directory.find(key.text, NOW)

    assert (before is None, after is None) == (False, True)


@pytest.mark.parametrize(("is_guarded", "opens"), [(True, False), (False, True)])
async def test_remembered_key_ends_with_the_refresh(
    connection, directory, *, is_guarded, opens
):
    key = await create_client(connection, "his-1", scopes=["lookup:read"])
    await directory.load()
    directory.find(key.text, NOW)
    remembered = directory._recent
    await revoke_client(connection, "his-1")

    await directory.load()
    if not is_guarded:
        directory._recent = remembered

    assert (directory.find(key.text, NOW) is not None) is opens


async def test_remembered_key_expires_at_its_time(connection, directory):
    key = await create_client(
        connection, "his-1", scopes=["lookup:read"], expires_at=NOW
    )
    await directory.load()
    moment = timedelta(microseconds=1)

    opened = [directory.find(key.text, NOW + late) for late in (-moment, 0 * moment)]

    assert [client is not None for client in opened] == [True, False]


async def test_remembered_key_has_the_scopes_of_the_refresh(connection, directory):
    key = await create_client(connection, "his-1", scopes=["lookup:read"])
    await directory.load()
    before = directory.find(key.text, NOW)

    await connection.execute("UPDATE clients SET scopes = '{health:read}'")
    await directory.load()

    assert before.scopes == {Scope.LOOKUP}
    assert directory.find(key.text, NOW).scopes == {Scope.HEALTH}


async def test_known_key_is_hashed_once_and_unknown_keys_take_no_room(
    connection, directory, monkeypatch
):
    hashed = []
    key = await create_client(connection, "his-1", scopes=["lookup:read"])
    await directory.load()
    monkeypatch.setattr(
        clients, "hash_key", lambda key: hashed.append(key) or hash_key(key)
    )

    for text in 3 * (key.text, make_key().text, "tracuu_nonsense"):
        directory.find(text, NOW)

    assert len(hashed) == 1 + 3
    assert list(directory._recent) == [key.text]


async def test_known_keys_go_on_opening_while_the_database_is_away(
    connection, directory
):
    key = await create_client(
        connection, "his-1", scopes=["lookup:read"], expires_at=NOW
    )
    await directory.load()
    directory._database = Database("postgresql://nobody@/x?host=/nowhere", 1.0)

    with pytest.raises(FAILURES):
        await directory.load()

    assert directory.find(key.text, NOW - timedelta(1)) is not None
    assert directory.find(key.text, NOW) is None


async def test_refresh_reads_the_list_again(connection, directory, told):
    running = asyncio.create_task(directory.run())
    key = await create_client(connection, "his-1", scopes=["lookup:read"])

    async def is_known():
        directory.refresh_soon()
        return directory.find(key.text, NOW)

    await eventually(is_known)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert told[-1] == "clients.refreshed"


async def test_failed_refresh_is_told_and_tried_again(metrics, told, events):
    nowhere = Database("postgresql://nobody@/x?host=/nowhere", 1.0)
    directory = ClientDirectory(nowhere, metrics=metrics, events=events)

    running = asyncio.create_task(directory.run())
    await eventually(lambda: has_failed(told, times=1))
    directory.refresh_soon()
    await eventually(lambda: has_failed(told, times=2))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def has_failed(told, *, times):
    return told == ["clients.refresh_failed"] * times


@pytest.mark.parametrize(
    ("client_id", "scopes", "reason"),
    [
        ("x", ["lookup:read"], "2 to 40"),
        ("His 1", ["lookup:read"], "2 to 40"),
        ("his-2\n", ["lookup:read"], "2 to 40"),
        ("his-2", ["lookup:raed"], "no scope lookup:raed; there are health:read"),
        ("his-1", ["lookup:read"], "exists already"),
    ],
)
async def test_client_that_cannot_be_is_refused(
    connection, client_id, *, scopes, reason
):
    await create_client(connection, "his-1", scopes=[])

    with pytest.raises(ClientError, match=reason):
        await create_client(connection, client_id, scopes=scopes)

    assert len(await list_clients(connection)) == 1


async def test_all_clients_are_listed_by_name(connection):
    for name in ("lab", "his"):
        await create_client(connection, name, scopes=["lookup:read"])
    await revoke_client(connection, "lab")

    his, lab = await list_clients(connection)

    assert (his.client_id, his.revoked_at) == ("his", None)
    assert lab.client_id == "lab"
    assert lab.revoked_at is not None


@pytest.mark.parametrize("client_id", ["his-1", "unknown"])
async def test_only_a_key_that_opens_can_be_revoked(connection, client_id):
    await create_client(connection, "his-1", scopes=[])
    await revoke_client(connection, "his-1")

    with pytest.raises(ClientError, match="no client"):
        await revoke_client(connection, client_id)


async def test_scope_of_a_newer_version_is_left_out(connection, directory):
    key = await create_client(connection, "his-1", scopes=["lookup:read"])
    await connection.execute("UPDATE clients SET scopes = scopes || '{later:read}'")

    await directory.load()

    assert directory.find(ApiKey(key.text).text, NOW).scopes == {Scope.LOOKUP}
