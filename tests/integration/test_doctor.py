"""``tracuu doctor`` before healthy and before sick neighbours."""

import io
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from lookup import doctor
from lookup.administration import create_client
from lookup.clock import SystemClock
from lookup.scopes import Scope
from tests.support.commands import tell
from tests.support.servers import create_empty_database
from tests.support.waiting import LONGEST_S
from tests.support.whole_service import CACHE_KEY

NOWHERE = "postgresql://127.0.0.1:1/tracuu"


class OtherClock(SystemClock):
    """A clock that goes wrong."""

    def __init__(self, *, ahead_s):
        self._ahead = timedelta(seconds=ahead_s)

    def now(self):
        return datetime.now(UTC) + self._ahead


@pytest.fixture
def environ(database_url, redis_url):
    """Everything is well, as far as the settings go."""
    return {
        "TRACUU_DATABASE_URL": database_url,
        "TRACUU_REDIS_URL": redis_url,
        "TRACUU_CACHE_KEY": CACHE_KEY,
    }


@pytest.fixture
def filled(environ):
    """There are people, and somebody who may ask about them."""
    url = environ["TRACUU_DATABASE_URL"]
    tell(
        url,
        "INSERT INTO citizens (citizen_id, full_name, folded_name, birth_year, sex, "
        "province_code) VALUES ('068180000001', 'Lan', 'LAN', 1980, 'female', '068')",
    )
    create_client(url, "quay-1", scopes=frozenset(Scope), description="")
    return environ


def asked(environ, clock=None):
    """The exit code, and what was found, line by line."""
    out = io.StringIO()
    code = doctor.run(environ, Console(file=out), clock or SystemClock())
    return code, out.getvalue().splitlines()


def faults(environ, clock=None):
    code, lines = asked(environ, clock)
    assert code == 1
    return [line.removeprefix("✘ ") for line in lines if not line.startswith("✔")]


@contextmanager
def pretended_redis(version):
    """A server that calls itself a Redis of this version, for one question."""
    info = f"# Server\r\nredis_version:{version}\r\n".encode()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(LONGEST_S)

        def answer():
            connection, _ = listener.accept()
            with connection:
                while text := connection.recv(4096):
                    said = b"$%d\r\n%s\r\n" % (len(info), info)
                    asks = text.count(b"INFO")
                    others = text.count(b"*") - asks
                    connection.sendall(b"+OK\r\n" * others + said * asks)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}?protocol=2"
        thread.join()


def test_everything_is_well(filled):
    code, lines = asked(filled)

    assert code == 0
    assert [line.split(":")[0] for line in lines] == [
        "✔ settings",
        "✔ database",
        "✔ clock",
        "✔ migrations",
        "✔ population",
        "✔ clients",
        "✔ audit",
        "✔ Redis",
    ]


def test_every_fault_of_the_settings_is_a_line():
    found = faults({"TRACUU_HTTP_PORT": "x", "TRACUU_REDIS_ULR": "y"})

    assert len(found) == 5
    assert any("did you mean TRACUU_REDIS_URL" in line for line in found)


def test_database_that_is_away_is_told_with_its_variable(filled):
    (found,) = faults(filled | {"TRACUU_DATABASE_URL": NOWHERE})

    assert found.startswith("database: cannot be reached (ConnectionRefusedError)")
    assert "TRACUU_DATABASE_URL" in found


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "redis://x:port", "unix:///x"])
def test_redis_that_is_away_is_told_with_its_variable(filled, url):
    (found,) = faults(filled | {"TRACUU_REDIS_URL": url})

    assert found.startswith("Redis: cannot be reached")
    assert "TRACUU_REDIS_URL" in found


@pytest.mark.parametrize(
    ("version", "mark"), [("6.2.14", "✘"), ("7.0.0", "✔"), ("10.0.1", "✔")]
)
def test_old_redis_is_refused(filled, version, mark):
    with pretended_redis(version) as url:
        _, lines = asked(filled | {"TRACUU_REDIS_URL": url})

    assert lines[-1].startswith(f"{mark} Redis: ")
    assert version in lines[-1]


def test_empty_database_asks_for_migrations_and_for_nothing_else(servers, environ):
    url = create_empty_database(servers, "doctor_empty")

    (found,) = faults(environ | {"TRACUU_DATABASE_URL": url})

    assert "run tracuu migrate" in found


def test_database_of_a_newer_version_asks_for_that_version(filled):
    url = filled["TRACUU_DATABASE_URL"]
    tell(url, "UPDATE alembic_version SET version_num = '9999'")

    (found,) = faults(filled)

    assert found.startswith("migrations: ")
    assert found.endswith("install the newer version")


def test_database_without_anybody_asks_for_people_and_clients(environ):
    assert faults(environ) == [
        "population: is empty: load it, or run tracuu seed",
        "clients: nobody may ask: run tracuu clients create",
    ]


@pytest.mark.parametrize("column", ["revoked_at", "expires_at"])
def test_clients_that_are_over_may_not_ask(filled, column):
    tell(filled["TRACUU_DATABASE_URL"], f"UPDATE clients SET {column} = now()")

    assert faults(filled) == ["clients: nobody may ask: run tracuu clients create"]


def test_user_without_rights_is_told(filled):
    url = filled["TRACUU_DATABASE_URL"]
    tell(url, "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN")

    stranger = url.replace("//postgres", "//stranger")
    (found,) = faults(filled | {"TRACUU_DATABASE_URL": stranger})

    tell(url, "DROP ROLE stranger")
    assert "refuses to answer (InsufficientPrivilegeError)" in found


@pytest.mark.parametrize(
    ("ahead_s", "word"), [(60, "ahead of"), (-60, "behind"), (0, None)]
)
def test_clock_is_compared_with_that_of_the_database(filled, ahead_s, word):
    _, lines = asked(filled, OtherClock(ahead_s=ahead_s))

    (line,) = (line for line in lines if "clock:" in line)
    assert line.startswith("✘" if word else "✔")
    assert word is None or f"60.0 s {word} PostgreSQL: set both" in line
