import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from adapters.clients import ClientError, create_client, revoke_client
from adapters.gateway_users import (
    GatewayDirectory,
    Password,
    create_gateway_user,
    fits,
    read_accounts,
    replace_officers,
)
from adapters.postgres import FAILURES, Database
from lookup import administration
from lookup.citizen_id import CitizenId
from lookup.errors import OfficerNameError, UnknownOfficerError
from lookup.ports import Officer
from lookup.scopes import Scope
from tests.support.waiting import eventually, soon

NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
TRANG = Officer(CitizenId("068190000099"), "Hoàng Thị Thu Trang")
BAO = Officer(CitizenId("068090000098"), "Phạm Quốc Bảo")


@pytest.fixture
def directory(database, events):
    return GatewayDirectory(database, events=events)


@pytest.fixture
async def password(connection):
    """That of user 68001_BV of client his-1."""
    await create_client(
        connection, "his-1", scopes=["lookup:read"], expires_at=NOW + timedelta(1)
    )
    return await create_gateway_user(connection, "his-1", "68001_BV")


async def test_new_user_signs_in_with_the_hash_of_its_password(directory, password):
    await directory.load()

    upper = await directory.sign_in("68001_BV", password.md5, NOW)
    lower = await directory.sign_in("68001_BV", password.md5.lower(), NOW)

    assert upper is lower is directory.find("68001_BV", NOW)
    assert upper.client.client_id == "his-1"
    assert upper.client.scopes == {Scope.LOOKUP}


@pytest.mark.parametrize(
    ("username", "form"),
    [
        ("68002_BV", "{}"),
        ("68001_bv", "{}"),
        ("68001_BV", "0" * 32),
        ("68001_BV", "{}0"),
        ("68001_BV", "{}\n"),
        ("68001_BV", ""),
    ],
)
async def test_others_do_not_sign_in(directory, password, username, form):
    await directory.load()
    await directory.sign_in("68001_BV", password.md5, NOW)

    assert await directory.sign_in(username, form.format(password.md5), NOW) is None


async def test_the_password_itself_is_no_hash_of_it(directory, password):
    await directory.load()

    assert await directory.sign_in("68001_BV", password.text, NOW) is None


async def test_neither_password_nor_its_hash_is_kept(connection, password):
    row = await connection.fetchrow("SELECT * FROM gateway_users")

    kept = str(dict(row)).upper()
    assert password.text.upper() not in kept
    assert password.md5 not in kept
    assert bytes.fromhex(password.md5) not in row["password_hash"]


def test_passwords_differ_and_never_show():
    password = Password("abc")

    assert f"{password} {password!r}" == "Password(***) Password(***)"


@pytest.mark.usefixtures("password")
async def test_every_user_has_a_salt_of_its_own(connection):
    await create_gateway_user(connection, "his-1", "68001_KT")

    one, other = (await read_accounts(connection)).values()

    assert one.kept.salt != other.kept.salt
    assert "salt" not in repr(one.kept)


@pytest.mark.parametrize(("remembers", "slow"), [(True, 1), (False, 20)])
async def test_a_right_password_is_checked_once(
    directory, password, monkeypatch, remembers, slow
):
    checks = []

    def counted(*arguments):
        checks.append(arguments)
        return fits(*arguments)

    monkeypatch.setattr("adapters.gateway_users.fits", counted)
    await directory.load()

    for _ in range(20):
        if not remembers:
            directory._checks._right.clear()
        await directory.sign_in("68001_BV", password.md5, NOW)

    assert len(checks) == slow


async def test_checks_run_one_at_a_time(directory, password):
    await directory.load()
    turns = [directory.sign_in("68001_BV", f"{n:032}", NOW) for n in range(3)]

    first = asyncio.create_task(directory.sign_in("68001_BV", password.md5, NOW))
    others = await asyncio.gather(*turns)

    assert await first is not None
    assert others == [None] * 3


async def test_user_of_a_revoked_client_is_gone_after_a_refresh(
    connection, directory, password
):
    await directory.load()
    await revoke_client(connection, "his-1")

    before = directory.find("68001_BV", NOW)
    await directory.load()

    assert before is not None
    assert directory.find("68001_BV", NOW) is None
    assert await directory.sign_in("68001_BV", password.md5, NOW) is None


@pytest.mark.usefixtures("password")
@pytest.mark.parametrize(
    ("late", "is_there"), [(timedelta(hours=23), True), (timedelta(1), False)]
)
async def test_user_is_there_until_the_client_expires(directory, late, is_there):
    await directory.load()

    assert (directory.find("68001_BV", NOW + late) is not None) == is_there


async def test_known_users_sign_in_while_the_database_is_away(directory, password):
    await directory.load()
    directory._database = Database("postgresql://nobody@/x?host=/nowhere", 1.0)

    with pytest.raises(FAILURES):
        await directory.load()

    assert await directory.sign_in("68001_BV", password.md5, NOW) is not None


@pytest.mark.usefixtures("password")
async def test_refresh_reads_the_users_again(directory):
    running = asyncio.create_task(directory.run())
    await eventually(known(directory))
    directory._accounts = {}
    directory.refresh_soon()
    await eventually(known(directory))

    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def known(directory):
    async def find():
        return directory.find("68001_BV", NOW)

    return find


@pytest.mark.usefixtures("password")
@pytest.mark.parametrize("table", ["gateway_users", "gateway_officers"])
async def test_workers_are_rung_when_users_or_officers_change(connection, table):
    await replace_officers(connection, "his-1", [TRANG])
    rings = asyncio.Queue()
    await connection.add_listener("tracuu_clients", lambda *_: rings.put_nowait(None))

    await connection.execute(f"DELETE FROM {table}")

    await soon(rings.get())


@pytest.mark.usefixtures("password")
@pytest.mark.parametrize(
    ("client_id", "username", "reason"),
    [
        ("his-1", "68001_BV", "exists already"),
        ("his-2", "68002_BV", "no client his-2"),
        ("his-1", "x", "2 to 40"),
        ("his-1", "68002 BV", "2 to 40"),
        ("his-1", "68002_BV\n", "2 to 40"),
        ("his-1", "a" * 41, "2 to 40"),
    ],
)
async def test_user_that_cannot_be_is_refused(connection, client_id, username, reason):
    with pytest.raises(ClientError, match=reason):
        await create_gateway_user(connection, client_id, username)


@pytest.mark.usefixtures("password")
async def test_officers_of_the_list_alone_are_admitted(connection):
    await replace_officers(connection, "his-1", [TRANG])
    account = (await read_accounts(connection))["68001_BV"]

    account.admit_officer(Officer(TRANG.number, "HOANG THI  THU TRANG"))
    with pytest.raises(OfficerNameError):
        account.admit_officer(Officer(TRANG.number, BAO.full_name))
    for unknown in (BAO, None):
        with pytest.raises(UnknownOfficerError):
            account.admit_officer(unknown)


@pytest.mark.usefixtures("password")
async def test_any_officer_is_admitted_where_there_is_no_list(connection):
    await create_client(connection, "his-2", scopes=[])
    await replace_officers(connection, "his-2", [TRANG])
    account = (await read_accounts(connection))["68001_BV"]

    account.admit_officer(BAO)
    account.admit_officer(None)


@pytest.mark.usefixtures("password")
async def test_a_list_of_officers_replaces_the_one_before(connection):
    await replace_officers(connection, "his-1", [TRANG])
    await replace_officers(connection, "his-1", [BAO, BAO])

    account = (await read_accounts(connection))["68001_BV"]

    account.admit_officer(BAO)
    with pytest.raises(UnknownOfficerError):
        account.admit_officer(TRANG)


@pytest.mark.usefixtures("password")
async def test_numbers_of_officers_are_not_kept(connection):
    await replace_officers(connection, "his-1", [TRANG])

    row = await connection.fetchrow("SELECT * FROM gateway_officers")

    assert TRANG.number.digits.encode() not in row["number_hash"]
    assert TRANG.number.digits not in str(dict(row))


async def test_officers_of_no_client_are_refused(connection):
    with pytest.raises(ClientError, match="no client his-9"):
        await replace_officers(connection, "his-9", [TRANG])


def test_client_and_user_are_entered_together_or_not_at_all(database_url):
    def create(client_id):
        return administration.create_gateway_client(
            database_url,
            client_id,
            "68001_BV",
            scopes=frozenset({Scope.LOOKUP}),
            description="",
        )

    key, password = create("his-1")

    with pytest.raises(ClientError, match="68001_BV exists already"):
        create("his-2")
    assert administration.key_opens(database_url, key.text)
    assert administration.password_opens(database_url, "68001_BV", password)
    assert not administration.password_opens(database_url, "68001_BV", Password("x"))
    assert not administration.password_opens(database_url, "68002_BV", password)
    assert [c.client_id for c in administration.list_clients(database_url)] == ["his-1"]


TABLE = (
    "\ufeff068190000099,Hoàng Thị Thu Trang\r\n\r\n068 090 000 098;Phạm Quốc Bảo\r\n"
)


@pytest.mark.usefixtures("password")
def test_officers_are_read_from_a_table(database_url):
    assert administration.replace_officers(database_url, "his-1", TABLE) == 2


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (f"{TABLE}06819,Trang", "line 4: must be 12 digits"),
        ("number,name", "line 1: must be 12 digits"),
        ("068190000099", "line 1: is empty"),
        ("", "no officer"),
        ("\n", "no officer"),
        ("068190000099,12345", "line 1: has characters"),
    ],
)
def test_a_malformed_table_is_refused_by_line(database_url, table, reason):
    with pytest.raises(ClientError, match=reason) as caught:
        administration.replace_officers(database_url, "his-1", table)

    assert "06819" not in str(caught.value)
