import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters import clients_file
from adapters.api_keys import make_key
from adapters.clients import ClientError
from adapters.clients_file import (
    ClientsFileError,
    FileDirectory,
    create_client,
    read_clients,
)
from lookup.scopes import Scope
from tests.support.commands import CommandLine
from tests.support.waiting import eventually

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
LOOKUP = frozenset({Scope.LOOKUP})
HASH = "0" * 64


@pytest.fixture
def path(tmp_path):
    return tmp_path / "clients.toml"


@pytest.fixture
def directory(path, metrics, events):
    return FileDirectory(path, metrics=metrics, events=events)


def an_entry(client_id="his-1", key_sha256=HASH, rest='scopes = ["lookup:read"]'):
    return (
        f'[[client]]\nclient_id = "{client_id}"\nkey_sha256 = "{key_sha256}"\n{rest}\n'
    )


def test_new_client_is_found_by_key_and_by_name(path, directory, metrics):
    key = create_client(path, "his-1", scopes=frozenset(Scope), deadline_s=4.0)

    directory.load()

    client = directory.find(key.text, NOW)
    assert client == directory.named("his-1", NOW)
    assert (client.scopes, client.deadline_s) == (frozenset(Scope), 4.0)
    assert client.public_keys == {}
    assert metrics.read("tracuu_clients") == 1


def test_clients_are_added_to_those_that_are_there(path, directory):
    keys = [create_client(path, f"his-{n}", scopes=LOOKUP).text for n in range(3)]

    directory.load()

    names = [directory.find(key, NOW).client_id for key in keys]
    assert names == ["his-0", "his-1", "his-2"]
    assert not any(key in path.read_text() for key in keys)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ['a "b" \\ c', "Khoa Khám\n\x7f\x00", "🏥"])
def test_any_description_is_kept(path, text):
    create_client(path, "his-1", scopes=LOOKUP, description=text)

    (client,) = read_clients(path.read_bytes())
    assert client.description == text


@pytest.mark.parametrize(
    ("late", "opens"),
    [(timedelta(0), False), (timedelta(seconds=-1), True)],
    ids=["at the end", "before"],
)
def test_key_opens_until_it_expires(path, directory, *, late, opens):
    key = create_client(path, "his-1", scopes=LOOKUP, expires_at=NOW)
    directory.load()

    assert (directory.find(key.text, NOW + late) is not None) == opens
    assert (directory.named("his-1", NOW + late) is not None) == opens


@pytest.mark.parametrize(
    "key", ["tracuu_nonsense", make_key().text], ids=["no key", "other"]
)
def test_unknown_key_opens_nothing(path, directory, key):
    create_client(path, "his-1", scopes=LOOKUP)
    directory.load()

    assert directory.find(key, NOW) is None


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("[[client]\n", "line 1"),
        ("client = 1\n", "$.client"),
        ("[[clients]]\n", "unknown field `clients`"),
        (an_entry(client_id="His 1"), "$.client[0].client_id"),
        (an_entry(key_sha256="ABC"), "$.client[0].key_sha256"),
        (an_entry(rest=""), "missing required field `scopes` - at `$.client[0]`"),
        (an_entry(rest='scopes = ["x"]'), "$.client[0].scopes[0]"),
        (an_entry(rest="scopes = []\ndeadline_s = 31"), "$.client[0].deadline_s"),
        (an_entry(rest="scopes = []\ndeadline_s = 0"), "$.client[0].deadline_s"),
        (an_entry(rest="scopes = []\nexpires = 2026-01-01"), "$.client[0].expires"),
        (an_entry(rest="scopes = []\nkey = 1"), "unknown field `key`"),
        (an_entry() + an_entry(key_sha256="1" * 64), "$.client[1].client_id"),
        (an_entry() + an_entry("his-2"), "$.client[1].key_sha256"),
        ("\udc80", "UTF-8"),
    ],
)
def test_fault_in_the_file_is_told_with_its_place(content, place):
    with pytest.raises(ClientsFileError) as raised:
        read_clients(content.encode(errors="surrogateescape"))

    assert place in str(raised.value)


@pytest.mark.parametrize(
    ("client_id", "terms"),
    [("x", {}), ("his-1", {}), ("his-2", {"deadline_s": 31.0})],
)
def test_client_that_cannot_be_leaves_the_file_as_it_is(path, client_id, terms):
    create_client(path, "his-1", scopes=LOOKUP)
    before = path.read_bytes()

    with pytest.raises(ClientError, match=f"with {client_id} in it"):
        create_client(path, client_id, scopes=LOOKUP, **terms)

    assert path.read_bytes() == before


def test_faulty_file_is_told_once_and_the_last_good_list_stays(path, directory, told):
    key = create_client(path, "his-1", scopes=LOOKUP)
    directory.load()
    path.write_text("nonsense")

    directory.load()
    directory.load()

    assert directory.find(key.text, NOW) is not None
    assert told == ["clients.refreshed", "clients.file_refused"]


def test_lost_file_leaves_the_last_good_list(path, directory, told):
    key = create_client(path, "his-1", scopes=LOOKUP)
    directory.load()
    path.unlink()

    directory.load()

    assert directory.find(key.text, NOW) is not None
    assert told == ["clients.refreshed", "clients.refresh_failed"]


async def test_change_of_the_file_is_noticed(path, directory, told, monkeypatch):
    monkeypatch.setattr(clients_file, "RELOAD_S", 0.01)
    removed = create_client(path, "his-1", scopes=LOOKUP)
    directory.load()
    running = asyncio.create_task(directory.run())
    path.unlink()
    added = create_client(path, "his-2", scopes=LOOKUP)

    async def is_known():
        return directory.find(added.text, NOW)

    await eventually(is_known)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert directory.find(removed.text, NOW) is None
    assert set(told) <= {"clients.refreshed", "clients.refresh_failed"}


@pytest.fixture
def tracuu(tmp_path, monkeypatch):
    """The command without any database."""
    return CommandLine(tmp_path, monkeypatch)


def test_command_adds_a_client_and_shows_its_key_once(tracuu, path, directory):
    done = tracuu.run("clients", "create", "quay-1", "--into", str(path), "--days", "9")

    directory.load()
    key = done.stdout.strip()
    assert directory.find(key, datetime.now(UTC)).client_id == "quay-1"
    assert "shown once" in done.stderr


def test_command_says_why_a_client_cannot_be_added(tracuu, path):
    words = ("clients", "create", "quay-1", "--into", str(path))
    tracuu.run(*words)

    done = tracuu.run(*words)

    assert (done.exit_code, done.stdout) == (1, "")
    assert "There twice - at `$.client[1].client_id`" in done.stderr


def test_gateway_user_needs_a_database(tracuu, path):
    done = tracuu.run(
        "clients", "create", "quay-1", "--into", str(path), "--gateway-user", "x1"
    )

    assert done.exit_code == 2
    assert "need a database" in done.stderr
    assert not path.exists()
