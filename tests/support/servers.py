"""The real PostgreSQL and Redis of a test session, and clean places in them."""

import asyncio
import itertools
import os
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import redis

from adapters.embedded import running_servers

OTHER_REDIS = "TRACUU_TEST_REDIS_SERVER"
"""Variable with the path of another Redis to test against."""

TEMPLATE = "template_tracuu"
"""Migrated once; each test gets a copy."""

_numbers = itertools.count(1)


def servers_for_tests():
    """Both servers, as a context manager; missing binaries are an error."""
    other_redis = os.environ.get(OTHER_REDIS)
    return running_servers(
        None, redis_server=Path(other_redis) if other_redis else None
    )


def create_empty_database(servers, name):
    """Make a database and give its URL."""
    _administer(servers, f"CREATE DATABASE {name}")
    return servers.database_url.replace("/postgres?", f"/{name}?")


@contextmanager
def fresh_database(servers):
    """A migrated database without rows, gone after the block."""
    name = f"t{next(_numbers)}"
    _administer(
        servers, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy"
    )
    try:
        yield servers.database_url.replace("/postgres?", f"/{name}?")
    finally:
        _administer(servers, f"DROP DATABASE {name} WITH (FORCE)")


def empty_redis(servers):
    """Forget everything in Redis and give its URL."""
    with redis.Redis.from_url(servers.redis_url) as client:
        client.flushall()
    return servers.redis_url


def _administer(servers, statement):
    async def execute():
        connection = await asyncpg.connect(servers.database_url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    # A loop of its own: the test's must not notice.
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(execute())
