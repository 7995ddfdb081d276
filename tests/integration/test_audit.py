from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from adapters import audit as audit_module
from adapters.audit import BATCH_MAX, open_audit_log
from adapters.postgres import Database
from lookup.clock import SystemClock
from lookup.errors import AuditUnavailableError
from tests.support.builders import AS_OF, CITIZEN_ID, a_citizen_id
from tests.support.entries import an_entry
from tests.support.waiting import eventually

WORKLIST = "SELECT asked_number, code, times, first_at, last_at, done_at FROM worklist"


@pytest.fixture
def opened(database, metrics, events):
    def opened(at=database):
        return open_audit_log(at, SystemClock(), metrics=metrics, events=events)

    return opened


async def log(connection, columns="request_id"):
    return await connection.fetch(f"SELECT {columns} FROM audit_log ORDER BY audit_id")


async def test_entry_is_written_whole(opened, connection):
    async with opened() as audit:
        await audit.record(an_entry())

    (row,) = await connection.fetch("SELECT * FROM audit_log")
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
        "asked_number": CITIZEN_ID,
        "citizen_id": CITIZEN_ID,
        "code": "000",
        "outcome": "active",
        "source": "population",
        "disclosed": True,
    }


async def test_entries_are_written_while_lookups_go_on(opened, connection, metrics):
    async with opened() as audit:
        await audit.record(an_entry())
        assert await eventually(lambda: log(connection))

        await audit.record(an_entry(identifier=None, citizen_id=None, operator=None))
        assert await eventually(lambda: has(connection, 2))

    assert metrics.read("tracuu_audit_entries_total") == 2
    assert metrics.read("tracuu_audit_queue") == 0


async def has(connection, count):
    return len(await log(connection)) == count


async def test_more_entries_than_a_batch_are_all_written(opened, connection):
    async with opened() as audit:
        for number in range(BATCH_MAX + 1):
            await audit.record(an_entry(request_id=str(number)))

    ids = [row["request_id"] for row in await log(connection)]
    assert ids == [str(number) for number in range(BATCH_MAX + 1)]


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


async def test_entry_that_cannot_be_written_does_not_hold_up_the_others(
    opened, connection, metrics, told
):
    async with opened() as audit:
        await audit.record(an_entry(request_id="before"))
        await audit.record(an_entry(request_id="spoilt", code="way too long"))
        await audit.record(an_entry(request_id="after"))

    ids = [row["request_id"] for row in await log(connection)]
    assert ids == ["before", "after"]
    assert metrics.read("tracuu_audit_lost_total") == 1
    assert told == ["audit.failed"]


@asynccontextmanager
async def away(connection):
    """Keep the audit log from being written."""
    await connection.execute("ALTER TABLE audit_log RENAME TO elsewhere")
    yield
    await connection.execute("ALTER TABLE elsewhere RENAME TO audit_log")


async def test_entries_wait_until_the_database_is_back(opened, connection, told):
    async with opened() as audit:
        async with away(connection):
            await audit.record(an_entry())
            await eventually(lambda: heard(told, "audit.failed"))

        assert await eventually(lambda: log(connection))


async def heard(told, event):
    return event in told


async def test_full_queue_takes_nothing_more(opened, monkeypatch):
    monkeypatch.setattr(audit_module, "QUEUE_MAX", 2)
    async with opened() as audit:
        await audit.record(an_entry())
        await audit.record(an_entry())

        with pytest.raises(AuditUnavailableError):
            await audit.record(an_entry())


async def test_closed_log_takes_nothing_more(opened):
    async with opened() as audit:
        pass

    with pytest.raises(AuditUnavailableError):
        await audit.record(an_entry())


async def test_what_cannot_be_written_out_in_time_is_counted_as_lost(
    opened, monkeypatch, metrics
):
    monkeypatch.setattr(audit_module, "FLUSH_S", 0.05)
    nowhere = Database("postgresql://nobody@/x?host=/nowhere", 1.0)

    async with opened(nowhere) as audit:
        await audit.record(an_entry(identifier=a_citizen_id(2)))

    assert metrics.read("tracuu_audit_lost_total") == 1
