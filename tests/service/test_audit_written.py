"""The audit's files: how lookups come to the disk, and the chain to its signatures."""

import asyncio
import os
import shutil

import pytest

from adapters import audit as audit_module
from adapters.audit_files import Folder, is_held, locked
from adapters.audit_keys import make_officer_key
from adapters.audit_queries import OfficerView, first_lines_in_files
from lookup.errors import AuditUnavailableError
from tests.support.audits import (
    KEYS,
    events_in,
    fault_of,
    ids_in,
    lines_in,
    opened_audit,
    record_all,
)
from tests.support.builders import CITIZEN_ID
from tests.support.entries import an_entry
from tests.support.waiting import eventually, soon


@pytest.fixture
def syncs(monkeypatch):
    """How often the disk was waited for."""
    syncs = []
    sync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda fd: (syncs.append(fd), sync(fd)))
    return syncs


async def test_entry_is_on_disk_whole_when_it_is_taken(opened, folder):
    async with opened() as audit:
        await audit.record(an_entry(released=("coverage",), age_s=1.5))

        (event,) = events_in(folder)
    hash_ = KEYS.hash_of("citizen_id", CITIZEN_ID)
    assert event == {
        "age_s": 1.5,
        "asked_hash": hash_,
        "asked_kind": "citizen_id",
        "at": "2026-11-25T02:00:00+00:00",
        "channel": "api",
        "citizen_hash": hash_,
        "client_id": "his-1",
        "code": "000",
        "disclosed": True,
        "facets": ["coverage", "health"],
        "facility": None,
        "n": 2,
        "operator": "Trần Văn Bình, 017",
        "outcome": "active",
        "purpose": "reception",
        "released": ["coverage"],
        "request_id": "request-1",
        "source": "population",
    }


async def test_lookups_that_end_together_share_one_wait_for_the_disk(
    opened, folder, syncs
):
    async with opened() as audit:
        await audit.record(an_entry(request_id="first"))
        syncs.clear()
        await record_all(audit, *map(str, range(50)))

        assert len(syncs) == 1
    assert ids_in(folder) == ["first", *map(str, range(50))]


async def test_lookups_that_end_while_the_disk_works_are_the_next_group(
    opened, folder, monkeypatch
):
    slow = asyncio.Event()
    loop = asyncio.get_running_loop()
    sync = os.fdatasync

    def slowly(fd):
        asyncio.run_coroutine_threadsafe(slow.wait(), loop).result()
        sync(fd)

    async with opened() as audit:
        monkeypatch.setattr(os, "fdatasync", slowly)
        waiting = [asyncio.create_task(audit.record(an_entry())) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        late = asyncio.create_task(audit.record(an_entry(request_id="late")))
        await asyncio.sleep(0)
        assert not any(task.done() for task in (*waiting, late))

        slow.set()
        await soon(asyncio.gather(*waiting, late))

    assert ids_in(folder)[-1] == "late"


@pytest.mark.parametrize("operator", ["two\nlines", "Bình\udc80", "Bình\0", None])
async def test_every_entry_is_one_line(opened, folder, operator):
    async with opened() as audit:
        await audit.record(an_entry(operator=operator, identifier=None))

    (event,) = events_in(folder)
    assert event["operator"] in {"two\nlines", "Bình?", "Bình\ufffd", None}
    assert event["asked_hash"] is None
    assert fault_of(folder) is None


async def test_nobody_else_may_read_the_files(opened, folder):
    async with opened() as audit:
        await audit.record(an_entry())

    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


async def test_no_number_stands_in_the_files(folder):
    _, public = make_officer_key()
    async with opened_audit(folder, officer_key=public) as audit:
        await audit.record(an_entry(outcome="mismatch"))

    content = b"".join(path.read_bytes() for path in folder.rglob("*.jsonl"))
    assert CITIZEN_ID.encode() not in content
    assert b"worklist_sealed" in content


async def test_officer_reads_the_numbers_and_nobody_else(folder):
    private, public = make_officer_key()
    another, _ = make_officer_key()
    async with opened_audit(folder, officer_key=public) as audit:
        await audit.record(an_entry())
    async with opened_audit(folder, officer_key=public) as audit:
        await audit.record(an_entry(citizen_id=None))

    chain = lines_in(folder)[0]["event"]["checkpoint"]["chain"]
    events = [event | {"chain": chain} for event in events_in(folder)]
    lines = first_lines_in_files(folder)
    read = [OfficerView(private, lines).numbers(event) for event in events]
    assert read == [(CITIZEN_ID, CITIZEN_ID), (CITIZEN_ID, "")]
    assert OfficerView(another, lines).numbers(events[0]) is None


async def test_restart_goes_on_with_the_chain_and_signs_where_it_was(opened, folder):
    async with opened() as audit:
        await record_all(audit, "a", "b")
    async with opened() as audit:
        await audit.record(an_entry(request_id="c"))

    chains = {
        line["event"]["checkpoint"]["chain"]
        for line in lines_in(folder)
        if "checkpoint" in line["event"]
    }
    assert ids_in(folder) == ["a", "b", "c"]
    assert len(chains) == 1
    assert fault_of(folder) is None


@pytest.mark.parametrize("torn", [b"", b'{"event":{"age_s"', b"x" * 700])
async def test_half_a_line_of_a_killed_process_spoils_nothing(opened, folder, torn):
    async with opened() as audit:
        await record_all(audit, "a", "b")
    (path,) = folder.rglob("*.jsonl")
    path.write_bytes(path.read_bytes() + torn)

    async with opened() as audit:
        await audit.record(an_entry(request_id="c"))

    assert ids_in(folder) == ["a", "b", "c"]
    assert fault_of(folder) is None


@pytest.mark.parametrize("content", [b"", b"half a first line"])
async def test_file_that_was_only_just_begun_is_begun_again(opened, folder, content):
    async with opened() as audit:
        await audit.record(an_entry(request_id="a"))
    (folder / "worker-0" / f"{4:015d}.jsonl").write_bytes(content)

    async with opened() as audit:
        await audit.record(an_entry(request_id="b"))

    assert ids_in(folder) == ["a", "b"]
    assert fault_of(folder) is None


async def test_chain_that_cannot_be_read_is_put_aside(opened, folder, told):
    async with opened() as audit:
        await audit.record(an_entry(request_id="a"))
    (path,) = folder.rglob("*.jsonl")
    path.write_bytes(path.read_bytes() + b"nonsense\n")

    async with opened() as audit:
        await audit.record(an_entry(request_id="b"))

    assert told == ["audit.failed"]
    assert (folder / "worker-0.bad1" / path.name).exists()
    shutil.rmtree(folder / "worker-0.bad1")
    assert ids_in(folder) == ["b"]
    assert fault_of(folder) is None


async def test_two_processes_never_write_one_chain(folder):
    async with locked(folder), locked(folder.with_name("other")):
        assert is_held(folder)
        with pytest.raises(BlockingIOError):
            async with locked(folder, wait_s=0.1):
                pass
    assert not is_held(folder)


async def test_chain_is_signed_after_so_many_lookups(opened, folder, monkeypatch):
    monkeypatch.setattr(audit_module, "CHECKPOINT_LOOKUPS", 3)
    async with opened() as audit:
        for _ in range(7):
            await audit.record(an_entry())

        signed = [line for line in lines_in(folder) if "checkpoint" in line["event"]]
        assert [each["event"]["checkpoint"]["count"] for each in signed] == [0, 4, 8]


async def test_chain_is_signed_after_a_minute_and_at_the_end(
    opened, folder, watch, monkeypatch
):
    monkeypatch.setattr(audit_module, "TICK_S", 0.001)

    async def signatures(count):
        signed = [line for line in lines_in(folder) if "checkpoint" in line["event"]]
        return len(signed) == count

    async with opened() as audit:
        await audit.record(an_entry())
        assert await signatures(1)
        watch.clock.move(by_s=60)
        assert await eventually(lambda: signatures(2))
        await audit.record(an_entry())

    assert await signatures(3)


async def test_file_that_grew_large_is_followed_by_another(opened, folder, monkeypatch):
    monkeypatch.setattr(audit_module, "FILE_MAX_BYTES", 2_000)
    async with opened() as audit:
        for number in range(10):
            await audit.record(an_entry(request_id=str(number)))

    assert len(Folder(folder / "worker-0").files()) > 2
    assert ids_in(folder) == [str(number) for number in range(10)]
    assert fault_of(folder) is None


async def test_old_files_are_removed_and_that_is_signed(opened, folder, monkeypatch):
    monkeypatch.setattr(audit_module, "FILE_MAX_BYTES", 1)
    async with opened() as audit:
        for number in range(4):
            await audit.record(an_entry(request_id=str(number)))
        files = Folder(folder / "worker-0").files()
        for file in files[:2]:
            os.utime(file.path, (0, 0))

        await audit.forget(1.0)

        assert ids_in(folder) == ["2", "3"]
    assert fault_of(folder) is None
    Folder(folder / "worker-0").files()[0].path.unlink()
    assert fault_of(folder).what == "lines 5 to 6 are missing"


async def test_entry_that_no_line_can_hold_harms_no_other(opened, folder, told):
    async with opened() as audit:
        taken = await asyncio.gather(
            *(audit.record(an_entry(request_id=each)) for each in ("a", "\udc80", "b")),
            return_exceptions=True,
        )

    assert [type(each) for each in taken] == [
        type(None),
        AuditUnavailableError,
        type(None),
    ]
    assert ids_in(folder) == ["a", "b"]
    assert fault_of(folder) is None
    assert told == ["audit.failed"]
