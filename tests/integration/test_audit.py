"""The audit on its way from the workers' files into the database."""

import asyncio
import os
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from adapters import audit_shipping
from adapters.audit_files import Folder, worker_folder
from adapters.audit_queries import known_of
from adapters.audit_scribe import Identity
from adapters.audit_shipping import Shipper
from adapters.audit_standing import AuditTerms, see_to_left_over
from adapters.postgres import Database
from tests.support.audits import (
    KEYS,
    a_watch,
    fault_of,
    ids_in,
    lines_in,
    opened_audit,
    record_all,
)
from tests.support.builders import AS_OF, CITIZEN_ID
from tests.support.entries import an_entry
from tests.support.waiting import eventually

WORKLIST = "SELECT asked_number, code, times, first_at, last_at, done_at FROM worklist"

NOWHERE = Database("postgresql://nobody@/x?host=/nowhere", 1.0)


@pytest.fixture
def watch(metrics, events):
    return a_watch(metrics=metrics, events=events)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "audit"


@pytest.fixture
def opened(database, folder, watch):
    def opened(at=database, **terms):
        return opened_audit(folder, database=at, watch=watch, **terms)

    return opened


async def log(connection, columns="request_id"):
    return await connection.fetch(f"SELECT {columns} FROM audit_log ORDER BY audit_id")


async def ids(connection):
    return [row["request_id"] for row in await log(connection)]


async def test_entry_is_carried_whole(opened, connection, folder):
    async with opened() as audit:
        await audit.record(an_entry(released=("coverage",), age_s=0.5))

    (row,) = await connection.fetch("SELECT * FROM audit_log")
    hash_ = bytes.fromhex(KEYS.hash_of("citizen_id", CITIZEN_ID))
    assert dict(row) == {
        "audit_id": 1,
        "at": AS_OF,
        "request_id": "request-1",
        "client_id": "his-1",
        "channel": "api",
        "operator": "Trần Văn Bình, 017",
        "purpose": "reception",
        "facets": ["coverage", "health"],
        "asked_kind": "citizen_id",
        "asked_number": None,
        "citizen_id": None,
        "code": "000",
        "outcome": "active",
        "source": "population",
        "disclosed": True,
        "chain": lines_in(folder)[0]["event"]["checkpoint"]["chain"],
        "n": 2,
        "facility": None,
        "released": ["coverage"],
        "age_s": 0.5,
        "asked_hash": hash_,
        "citizen_hash": hash_,
        "number_sealed": None,
    }


async def test_entries_are_carried_while_lookups_go_on(opened, connection, metrics):
    async def has(count):
        return len(await log(connection)) == count

    async with opened() as audit:
        await audit.record(an_entry())
        assert await eventually(lambda: has(1))

        await audit.record(an_entry(identifier=None, citizen_id=None, operator=None))
        assert await eventually(lambda: has(2))
        assert await eventually(lambda: is_empty(metrics))

    assert metrics.read("tracuu_audit_entries_total") == 2


async def is_carried(audit):
    return audit.growth.carried == audit.growth.count


async def is_empty(metrics):
    return metrics.read("tracuu_audit_queue") == 0


async def test_more_entries_than_are_read_at_once_are_all_carried(
    opened, connection, monkeypatch
):
    monkeypatch.setattr("adapters.audit_reader.BATCH_BYTES", 4_000)
    wanted = list(map(str, range(100)))
    async with opened() as audit:
        await record_all(audit, *wanted)

    assert await ids(connection) == wanted


@pytest.mark.parametrize(
    ("outcome", "count"), [("active", 0), ("not_found", 1), ("mismatch", 1)]
)
async def test_what_failed_is_put_on_the_worklist(
    opened, connection, *, outcome, count
):
    async with opened() as audit:
        await audit.record(an_entry(outcome=outcome))

    assert len(await connection.fetch(WORKLIST)) == count


async def test_same_failure_is_one_task_that_opens_again(opened, connection):
    failure = {"outcome": "not_found", "code": "050"}
    async with opened() as audit:
        await audit.record(an_entry(**failure))
        await audit.record(an_entry(**failure, at=AS_OF + timedelta(hours=1)))
    await connection.execute("UPDATE worklist SET done_at = now()")

    async with opened() as audit:
        await audit.record(an_entry(**failure, at=AS_OF - timedelta(hours=1)))

    rows = [tuple(row) for row in await connection.fetch(WORKLIST)]
    assert rows == [(CITIZEN_ID, "050", 3, AS_OF, AS_OF + timedelta(hours=1), None)]


@pytest.mark.parametrize("operator", ["Bình\0", "Bình\udc80"])
async def test_what_postgresql_cannot_hold_is_replaced(opened, connection, operator):
    async with opened() as audit:
        await audit.record(an_entry(operator=operator))

    (row,) = await log(connection, "operator")
    assert row["operator"] in {"Bình\ufffd", "Bình?"}


async def test_entry_that_cannot_be_carried_does_not_hold_up_the_others(
    opened, connection, metrics, told, folder
):
    async with opened() as audit:
        await audit.record(an_entry(request_id="before"))
        await audit.record(an_entry(request_id="spoilt", code="way too long"))
        await audit.record(an_entry(request_id="after"))

    assert await ids(connection) == ["before", "after"]
    assert ids_in(folder) == ["before", "spoilt", "after"]
    assert metrics.read("tracuu_audit_lost_total") == 1
    assert set(told) == {"audit.unshipped"}


@asynccontextmanager
async def away(connection):
    """Keep the audit log from being written."""
    await connection.execute("ALTER TABLE audit_log RENAME TO elsewhere")
    yield
    await connection.execute("ALTER TABLE elsewhere RENAME TO audit_log")


async def test_entries_wait_in_the_files_until_the_database_is_back(
    opened, connection, told, metrics
):
    async def is_told():
        return "audit.unshipped" in told

    async with opened() as audit:
        async with away(connection):
            await audit.record(an_entry())
            await eventually(is_told)
            assert metrics.read("tracuu_audit_queue") > 0

        assert await eventually(lambda: log(connection))


async def test_what_the_last_process_could_not_carry_the_next_one_does(
    opened, connection, monkeypatch
):
    with monkeypatch.context() as here:
        here.setattr(audit_shipping, "FLUSH_S", 0.05)
        async with opened(NOWHERE) as audit:
            await record_all(audit, "a", "b")

    async with opened() as audit:
        await audit.record(an_entry(request_id="c"))

    assert await ids(connection) == ["a", "b", "c"]


async def test_nothing_is_carried_twice_when_two_carry_at_once(
    opened, connection, database, folder, watch
):
    async with opened() as audit:
        await record_all(audit, *map(str, range(20)))
    async with opened_audit(folder) as audit:
        await record_all(audit, *map(str, range(20, 40)))

    chain = Folder(worker_folder(folder, 0))
    for _ in range(2):
        shipper = Shipper(chain, database, KEYS, watch=watch)
        await shipper.ship()
        await shipper.hang_up()

    assert await ids(connection) == list(map(str, range(40)))


async def test_nothing_is_lost_or_carried_twice_wherever_it_is_cancelled(
    connection, database, folder, watch
):
    shipper = Shipper(Folder(worker_folder(folder, 0)), database, KEYS, watch=watch)
    rounds = 40

    for number in range(rounds):
        async with opened_audit(folder) as audit:
            await audit.record(an_entry(request_id=str(number)))
        shipping = asyncio.create_task(shipper.ship())
        await asyncio.wait({shipping}, timeout=number * 0.0005)
        shipping.cancel()
        await asyncio.gather(shipping, return_exceptions=True)
        await shipper.ship()

        assert len(await ids(connection)) == number + 1
    await shipper.hang_up()


async def test_checkpoints_and_the_place_are_carried(opened, connection, folder):
    async with opened() as audit:
        await record_all(audit, "a", "b")

    (chain,) = (known := await known_of(connection))
    signed = await connection.fetch("SELECT count FROM audit_checkpoints ORDER BY 1")
    assert [row["count"] for row in signed] == [0, 3]
    assert sorted(known[chain]) == [3, 4]
    assert fault_of(folder, known=known) is None


async def test_files_cut_behind_the_database_are_noticed_and_not_carried(
    opened, connection, folder, told
):
    async with opened() as audit:
        await record_all(audit, "a", "b", "c")
    (path,) = folder.rglob("*.jsonl")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))

    async with opened() as audit:
        await record_all(audit, "d", "e", "f")

    known = await known_of(connection)
    assert "audit.unshipped" in told
    assert await ids(connection) == ["a", "b", "c"]
    assert "than the database knows" in fault_of(folder, known=known).what


@pytest.mark.parametrize("is_away", [False, True])
async def test_old_files_are_removed_once_they_are_carried(
    opened, connection, folder, monkeypatch, *, is_away
):
    monkeypatch.setattr("adapters.audit.FILE_MAX_BYTES", 1)
    async with opened(*([NOWHERE] if is_away else [])) as audit:
        for number in range(3):
            await audit.record(an_entry(request_id=str(number)))
        for path in folder.rglob("*.jsonl"):
            os.utime(path, (0, 0))
        if not is_away:
            await eventually(lambda: is_carried(audit))
        await audit.forget(1.0)

        assert ids_in(folder) == (["0", "1", "2"] if is_away else ["2"])
    assert await ids(connection) == ([] if is_away else ["0", "1", "2"])
    assert fault_of(folder, known=await known_of(connection)) is None


@pytest.mark.parametrize(("keep_days", "is_kept"), [(366.0, True), (1.0, False)])
async def test_what_a_worker_left_that_is_no_more_is_carried(
    database, connection, folder, watch, *, keep_days, is_kept
):
    async with opened_audit(folder, worker=3) as audit:
        await record_all(audit, "a", "b")
    left = worker_folder(folder, 3)
    two_days_ago_s = watch.clock.now().timestamp() - 2 * 86_400
    for path in left.glob("*.jsonl"):
        os.utime(path, (two_days_ago_s, two_days_ago_s))

    await see_to_left_over(
        AuditTerms(folder, keep_days=keep_days, database=database),
        Identity(0, KEYS, ""),
        workers=2,
        watch=watch,
    )

    assert await ids(connection) == ["a", "b"]
    assert left.exists() is is_kept


@pytest.mark.parametrize(
    ("found", "damage"),
    [
        (b'"checkpoint"', b'"checkpaint"'),
        (b'"event"', b'"evant"'),
        (b'"hash":"', b'"hash":"x'),
        (b'"signer"', b'"signer'),
    ],
)
async def test_damaged_lines_that_were_left_are_told_and_end_nothing(
    database, folder, watch, told, *, found, damage
):
    async with opened_audit(folder, worker=3) as audit:
        await record_all(audit, "a", "b")
    (path,) = folder.rglob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(found, damage))

    await see_to_left_over(
        AuditTerms(folder, keep_days=0.0, database=database),
        Identity(0, KEYS, ""),
        workers=2,
        watch=watch,
    )

    assert "audit.unshipped" in told
    assert path.exists()
