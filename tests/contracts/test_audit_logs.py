from contextlib import AsyncExitStack, ExitStack

import asyncpg
import orjson
import pytest

from adapters.audit import QUEUE_MAX, open_audit_log
from adapters.audit_file import open_audit_file
from adapters.postgres import Database
from lookup.clock import SystemClock
from lookup.events import Events
from lookup.metrics import Metrics
from tests.contracts.audit_log import AuditLogContract
from tests.support.entries import an_entry
from tests.support.fakes import FakeAudit


class TestPostgresAuditLog(AuditLogContract):
    @pytest.fixture
    async def stack(self):
        async with AsyncExitStack() as stack:
            yield stack

    @pytest.fixture
    async def audit(self, database_url, stack):
        return await stack.enter_async_context(
            open_audit_log(
                Database(database_url, 2.0),
                SystemClock(),
                metrics=Metrics.in_memory(),
                events=Events(lambda *_: None),
            )
        )

    @pytest.fixture
    async def full(self, audit):
        for _ in range(QUEUE_MAX):
            await audit.record(an_entry())
        return audit

    @pytest.fixture
    def written(self, stack, database_url):
        async def written():
            await stack.aclose()
            connection = await asyncpg.connect(database_url)
            rows = await connection.fetch(
                "SELECT request_id FROM audit_log ORDER BY audit_id"
            )
            await connection.close()
            return [row["request_id"] for row in rows]

        return written


class TestFileAuditLog(AuditLogContract):
    @pytest.fixture
    def opened(self):
        with ExitStack() as stack:

            def opened(path):
                return stack.enter_context(
                    open_audit_file(
                        path,
                        SystemClock(),
                        metrics=Metrics.in_memory(),
                        events=Events(lambda *_: None),
                    )
                )

            yield opened

    @pytest.fixture
    def audit(self, opened, tmp_path):
        return opened(tmp_path / "audit.jsonl")

    @pytest.fixture
    def full(self, opened, tmp_path):
        return opened(tmp_path / "no such folder" / "audit.jsonl")

    @pytest.fixture
    def written(self, audit, tmp_path):
        async def written():
            audit.close()
            lines = (tmp_path / "audit.jsonl").read_text().splitlines()
            return [orjson.loads(line)["request_id"] for line in lines]

        return written


class TestFakeAudit(AuditLogContract):
    @pytest.fixture
    def audit(self):
        return FakeAudit()

    @pytest.fixture
    def full(self, audit):
        audit.break_()
        return audit

    @pytest.fixture
    def written(self, audit):
        async def written():
            return [entry.request_id for entry in audit.entries]

        return written
