"""Every test finds clean servers, and none leaves this machine."""

import socket

import asyncpg
import pytest
import redis.asyncio

from tests.support.network import OutsideNetworkError

OUTSIDE = ("192.0.2.1", 9)
"""Kept for documentation, answers nobody. Source: RFC 5737."""


@pytest.mark.parametrize("_time", ["first", "second"])
async def test_database_is_migrated_and_without_rows(database_url, _time):
    connection = await asyncpg.connect(database_url)
    count = "SELECT count(*) FROM facilities"

    before = await connection.fetchval(count)
    await connection.execute("INSERT INTO facilities VALUES ('68001', 'x', '68')")
    after = await connection.fetchval(count)
    await connection.close()

    assert (before, after) == (0, 1)


@pytest.mark.parametrize("_time", ["first", "second"])
async def test_redis_remembers_nothing(redis_url, _time):
    async with redis.asyncio.from_url(redis_url, protocol=3) as client:
        before = await client.get("key")
        await client.set("key", "value")

    assert before is None


@pytest.mark.parametrize("method", ["connect", "connect_ex"])
@pytest.mark.parametrize("address", [OUTSIDE, ("example.invalid", 9)])
def test_connection_to_the_outside_is_refused(method, address):
    with socket.socket() as connection, pytest.raises(OutsideNetworkError):
        getattr(connection, method)(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_connection_to_this_machine_is_made(host):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as client:
        client.connect((host, server.getsockname()[1]))

        assert client.getpeername() == server.getsockname()
