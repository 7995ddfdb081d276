"""What tests with real servers share: a connection of their own, and open ears."""

import asyncpg
import pytest

from adapters.postgres import Database
from lookup.events import Events
from lookup.metrics import Metrics


@pytest.fixture
async def connection(database_url):
    """A connection on which a test acts beside what it tests."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def database(database_url):
    return Database(database_url, 2.0)


@pytest.fixture
def metrics():
    return Metrics.in_memory()


@pytest.fixture
def told():
    """The events told so far, by name."""
    return []


@pytest.fixture
def events(told):
    return Events(lambda _level, event, _fields: told.append(event))
