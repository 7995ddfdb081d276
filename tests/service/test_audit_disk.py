"""What becomes of lookups while the audit's disk is gone, full or silent."""

import errno
import os
import resource
import shutil
import threading
from contextlib import asynccontextmanager

import pytest

from adapters import audit as audit_module
from lookup.errors import AuditUnavailableError
from tests.support.audits import fault_of, ids_in, record_all
from tests.support.entries import an_entry
from tests.support.waiting import eventually, soon

HEALTH = an_entry(request_id="health")
COVERAGE = an_entry(request_id="coverage", facets=("coverage",))


@asynccontextmanager
async def removed(folder):
    """The audit's folder is gone for a while, as if its disk were."""
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    shutil.rmtree(elsewhere)
    yield
    folder.mkdir()


@asynccontextmanager
async def full(_folder, *, file_max_bytes=100):
    """No file of this process may grow any further."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_max_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("harm", "left"), [(removed, []), (full, ["before"])])
async def test_without_a_disk_nothing_is_answered_until_it_is_back(
    opened, folder, told, *, harm, left
):
    async with opened() as audit:
        await audit.record(an_entry(request_id="before"))
        async with harm(folder):
            for entry in (HEALTH, COVERAGE):
                with pytest.raises(AuditUnavailableError):
                    await audit.record(entry)

        await audit.record(an_entry(request_id="after"))

    assert ids_in(folder) == [*left, "after"]
    assert told == ["audit.failed", "audit.failed"]


async def test_half_written_lines_are_taken_back(opened, folder):
    async with opened() as audit:
        await audit.record(an_entry(request_id="before"))
        (path,) = folder.rglob("*.jsonl")
        size = path.stat().st_size
        async with full(folder, file_max_bytes=size + 700):
            with pytest.raises(AuditUnavailableError):
                await record_all(audit, "a", "b", "c")
            assert path.stat().st_size == size
        await record_all(audit, "d", "e")

    assert ids_in(folder) == ["before", "d", "e"]
    assert fault_of(folder) is None


@pytest.mark.parametrize("harm", [removed, full])
async def test_for_a_while_coverage_is_answered_and_written_down_later(
    opened, folder, watch, told, *, harm
):
    async with opened(degraded_s=900) as audit:
        await audit.record(an_entry(request_id="before"))
        async with harm(folder):
            await audit.record(COVERAGE)
            with pytest.raises(AuditUnavailableError):
                await audit.record(HEALTH)
            watch.clock.move(by_s=900)
            with pytest.raises(AuditUnavailableError):
                await audit.record(COVERAGE)
        await audit.record(an_entry(request_id="after"))

    assert ids_in(folder)[-2:] == ["coverage", "after"]
    assert watch.metrics.read("tracuu_audit_degraded_total") == 1
    assert "audit.degraded" in told


async def test_what_is_owed_is_written_without_another_lookup(
    opened, folder, monkeypatch
):
    monkeypatch.setattr(audit_module, "TICK_S", 0.001)

    async def is_written():
        return ids_in(folder) == ["coverage"]

    async with opened(degraded_s=900) as audit:
        async with removed(folder):
            await audit.record(COVERAGE)

        assert await eventually(is_written)


async def test_what_is_owed_and_never_written_is_counted_as_lost(opened, folder, watch):
    async with opened(degraded_s=900) as audit:
        shutil.rmtree(folder)
        await audit.record(COVERAGE)

    assert watch.metrics.read("tracuu_audit_lost_total") == 1


class SilentDisk:
    """Says nothing until it is released, and then that it is well or not."""

    def __init__(self, sync):
        self._sync = sync
        self._released = threading.Event()
        self._fails = False

    def release(self, *, fails=False):
        self._fails = fails
        self._released.set()

    def sync(self, fd):
        self._released.wait(10)
        fails, self._fails = self._fails, False
        if fails:
            raise OSError(errno.EIO, "not well")
        self._sync(fd)


@pytest.fixture
def disk(monkeypatch):
    disk = SilentDisk(os.fdatasync)
    monkeypatch.setattr(audit_module, "STALL_S", 0.01)
    monkeypatch.setattr(os, "fdatasync", disk.sync)
    yield disk
    disk.release()


async def test_a_silent_disk_is_not_waited_for(opened, folder, disk, told):
    async with opened() as audit:
        for _ in range(3):
            with pytest.raises(AuditUnavailableError):
                await soon(audit.record(HEALTH))
        disk.release()

    assert ids_in(folder) == ["health"]
    assert told[0] == "audit.failed"


@pytest.mark.parametrize("fails", [False, True])
async def test_who_passed_a_silent_disk_is_written_down_once(
    opened, folder, disk, *, fails
):
    async with opened(degraded_s=900) as audit:
        await soon(audit.record(an_entry(request_id="a", facets=("coverage",))))
        await soon(audit.record(an_entry(request_id="b", facets=("coverage",))))
        disk.release(fails=fails)

    assert sorted(ids_in(folder)) == ["a", "b"]
    assert fault_of(folder) is None
