"""What every ``AssertionLog`` promises, as tests."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from lookup.errors import SourceUnavailableError

UNTIL = datetime.now(UTC) + timedelta(minutes=5)


class AssertionLogContract:
    """A subclass gives ``log`` and ``unplugged``; two clients are known."""

    async def test_first_use_is_the_only_one(self, log):
        uses = [await log.use("benh-vien", "j-1", until=UNTIL) for _ in range(3)]

        assert uses == [True, False, False]

    async def test_assertions_are_told_apart_by_name_and_client(self, log):
        pairs = [("benh-vien", "j-1"), ("benh-vien", "j-2"), ("x-1", "j-1")]

        uses = [await log.use(*pair, until=UNTIL) for pair in pairs]

        assert uses == [True, True, True]

    async def test_of_many_at_once_one_is_first(self, log):
        uses = await asyncio.gather(
            *(log.use("benh-vien", "j-1", until=UNTIL) for _ in range(8))
        )

        assert sorted(uses) == [False] * 7 + [True]

    async def test_what_cannot_be_known_is_an_error_of_ours(self, unplugged):
        with pytest.raises(SourceUnavailableError):
            await unplugged.use("benh-vien", "j-1", until=UNTIL)
