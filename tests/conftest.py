"""What every tier may use: the real servers, and the wall around this machine."""

import pytest

from adapters.migrate import migrate
from tests.support.network import only_this_machine
from tests.support.servers import (
    TEMPLATE,
    create_empty_database,
    empty_redis,
    fresh_database,
    servers_for_tests,
)


@pytest.fixture(scope="session", autouse=True)
def _no_outside_network():
    with only_this_machine():
        yield


@pytest.fixture(scope="session")
def servers():
    """PostgreSQL and Redis for the whole session; a missing binary fails the test."""
    with servers_for_tests() as servers:
        yield servers


@pytest.fixture(scope="session")
def template_database(servers):
    """The URL of a migrated database; connect to it and no copy can be made."""
    url = create_empty_database(servers, TEMPLATE)
    migrate(url)
    return url


@pytest.fixture
def database_url(servers, template_database):  # noqa: ARG001 - copied by name
    """A migrated database of the test's own, without rows."""
    with fresh_database(servers) as url:
        yield url


@pytest.fixture
def redis_url(servers):
    """A Redis that remembers nothing."""
    return empty_redis(servers)
