"""What every ``AuditLog`` promises, as tests."""

import pytest

from lookup.errors import AuditUnavailableError
from tests.support.entries import an_entry


class AuditLogContract:
    """Needs the fixtures ``audit``, ``full`` and ``written``.

    ``full`` takes no entry; ``written()`` gives the request ids in the log once
    ``audit`` has ended orderly.
    """

    async def test_entries_taken_are_in_the_log_after_an_orderly_end(
        self, audit, written
    ):
        for number in range(3):
            await audit.record(an_entry(request_id=f"request-{number}"))

        assert await written() == ["request-0", "request-1", "request-2"]

    async def test_entry_that_cannot_be_taken_is_refused(self, full):
        with pytest.raises(AuditUnavailableError):
            await full.record(an_entry())
