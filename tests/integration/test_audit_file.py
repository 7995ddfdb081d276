import os

import orjson
import pytest

from adapters.audit_file import open_audit_file
from lookup.clock import SystemClock
from lookup.errors import AuditUnavailableError
from tests.support.builders import CITIZEN_ID
from tests.support.entries import an_entry


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture
def opened(path, metrics, events):
    def opened(at=path):
        return open_audit_file(at, SystemClock(), metrics=metrics, events=events)

    return opened


def lines_of(path):
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


async def test_entry_is_written_whole_before_it_is_answered(opened, path, metrics):
    with opened() as audit:
        await audit.record(an_entry())

        assert lines_of(path) == [
            {
                "at": "2026-11-25T02:00:00+00:00",
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
        ]
    assert metrics.read("tracuu_audit_entries_total") == 1


async def test_nobody_else_may_read_the_file(opened, path):
    with opened() as audit:
        await audit.record(an_entry())

    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("operator", ["two\nlines", "Bình\udc80", None])
async def test_every_entry_is_one_line(opened, path, operator):
    with opened() as audit:
        await audit.record(an_entry(operator=operator, identifier=None))

    (line,) = lines_of(path)
    assert line["operator"] in {"two\nlines", "Bình?", None}
    assert (line["asked_kind"], line["asked_number"]) == (None, None)


async def test_two_workers_and_a_restart_append_to_one_file(opened, path):
    with opened() as first, opened() as second:
        await first.record(an_entry(request_id="a"))
        await second.record(an_entry(request_id="b"))
    with opened() as audit:
        await audit.record(an_entry(request_id="c"))

    assert [line["request_id"] for line in lines_of(path)] == ["a", "b", "c"]


async def test_file_that_was_renamed_is_begun_again(opened, path, tmp_path):
    with opened() as audit:
        await audit.record(an_entry(request_id="old"))
        path.rename(tmp_path / "audit.1")
        await audit.record(an_entry(request_id="new"))
        await audit.record(an_entry(request_id="newer"))

    assert [line["request_id"] for line in lines_of(tmp_path / "audit.1")] == ["old"]
    assert [line["request_id"] for line in lines_of(path)] == ["new", "newer"]


async def test_entry_that_cannot_be_written_is_told_and_the_next_one_is(
    opened, path, told
):
    path.mkdir()
    with opened() as audit:
        with pytest.raises(AuditUnavailableError):
            await audit.record(an_entry(request_id="lost"))
        path.rmdir()

        await audit.record(an_entry(request_id="next"))

    assert told == ["audit.failed"]
    assert [line["request_id"] for line in lines_of(path)] == ["next"]


async def test_half_a_line_spoils_no_other(opened, path, monkeypatch):
    write = os.write
    with opened() as audit:
        with monkeypatch.context() as full_disk:
            full_disk.setattr(os, "write", lambda fd, line: write(fd, line[:20]))
            with pytest.raises(AuditUnavailableError):
                await audit.record(an_entry(request_id="half"))

        await audit.record(an_entry(request_id="whole"))
        await audit.record(an_entry(request_id="after"))

    half, *others = path.read_bytes().splitlines()
    assert len(half) == 20
    assert [orjson.loads(o)["request_id"] for o in others] == ["whole", "after"]


async def test_closed_log_takes_nothing_more(opened, path):
    with opened() as audit:
        pass

    with pytest.raises(AuditUnavailableError):
        await audit.record(an_entry())
    assert not path.exists()
