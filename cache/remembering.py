"""Asks the cache before the source, and answers stale only when the source cannot.

The whole stack is ``Remembering(cache, SingleFlight(Filling(cache, source)))``.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress

from msgspec import structs

from cache.freshness import Freshness, Grade
from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    SourceUnavailableError,
)
from lookup.metrics import Metrics
from lookup.ports import Clock, RecordCache, RecordSource
from lookup.record import Facet, Finding
from lookup.request import Claim

STALE_MARGIN_S = 0.1
"""With a stale finding in hand, the source is waited for until so long before the
deadline, so that the rest of the answer still has its time."""

REFRESHES_MAX = 16
"""Early refreshes at once; further ones are left to a later reader."""

REFRESH_MAX_S = 1.0
"""Longest time for one of them; nobody waits for it."""

NO_ANSWER = (SourceUnavailableError, DeadlineExceededError, InvalidRequestError)
"""What a source raises when it says nothing, for its own reasons or the asker's."""


class Remembering:
    """A ``RecordSource`` whose findings may come from a cache."""

    def __init__(
        self,
        cache: RecordCache,
        source: RecordSource,
        *,
        freshness: Freshness,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._cache = cache
        self._source = source
        self._freshness = freshness
        self._clock = clock
        self._metrics = metrics
        self._draw: Callable[[], float] = random.random
        self._refreshes: dict[tuple[Identifier, Facet], asyncio.Task[None]] = {}

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Say what is known, as ``RecordSource`` promises."""
        if (near := self._cache.near(identifier, facet)) is not None:
            return near
        remembered = await self._cache.get(identifier, facet)
        if remembered is None:
            return await self._source.fetch(identifier, facet, deadline, claim=claim)
        if remembered.is_stale:
            return await self._renewed(
                remembered, identifier, facet=facet, deadline=deadline, claim=claim
            )
        if self._is_due(remembered):
            self._refresh_soon(identifier, facet, claim)
        return remembered

    async def aclose(self) -> None:
        """End the refreshes under way."""
        refreshes = tuple(self._refreshes.values())
        for refresh in refreshes:
            refresh.cancel()
        await asyncio.gather(*refreshes, return_exceptions=True)

    async def _renewed(
        self,
        stale: Finding,
        identifier: Identifier,
        *,
        facet: Facet,
        deadline: Deadline,
        claim: Claim | None,
    ) -> Finding:
        """What the source says in time, else the stale finding if it may still be used.

        The time of day may have been set, or the machine have slept, while we waited.
        """
        earlier = structs.replace(
            deadline, expires_s=deadline.expires_s - STALE_MARGIN_S
        )
        try:
            return await self._source.fetch(identifier, facet, earlier, claim=claim)
        except NO_ANSWER:
            if self._is_too_old(stale):
                raise
            return stale

    def _is_too_old(self, stale: Finding) -> bool:
        grade = self._freshness.grade(
            stale.as_of, is_nobody=stale.record is None, now=self._clock.now()
        )
        return grade is Grade.TOO_OLD

    def _is_due(self, fresh: Finding) -> bool:
        return self._freshness.should_refresh(
            fresh.as_of,
            is_nobody=fresh.record is None,
            now=self._clock.now(),
            draw=self._draw(),
        )

    def _refresh_soon(
        self, identifier: Identifier, facet: Facet, claim: Claim | None
    ) -> None:
        place = identifier, facet
        if place in self._refreshes or len(self._refreshes) == REFRESHES_MAX:
            return
        refresh = asyncio.create_task(self._refresh(identifier, facet, claim))
        self._refreshes[place] = refresh
        refresh.add_done_callback(lambda _: self._refreshes.pop(place))
        self._metrics.cache_refreshed(facet)

    async def _refresh(
        self, identifier: Identifier, facet: Facet, claim: Claim | None
    ) -> None:
        monotonic = self._clock.monotonic
        deadline = Deadline(monotonic() + REFRESH_MAX_S, monotonic)
        # It stays fresh a while yet; the next reader tries again.
        with suppress(*NO_ANSWER):
            await self._source.fetch(identifier, facet, deadline, claim=claim)
