"""The way of one lookup in the FastAPI peer."""

import time
from dataclasses import dataclass
from typing import cast

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from loadtests.peers.answers import Found, Judged, answer, coverage_of, judge
from loadtests.peers.callers import Caller
from loadtests.peers.ledger import Ledger
from loadtests.peers.reading import read_known
from loadtests.peers.record_cache import RecordCache
from loadtests.peers.wire import LookupIn, LookupOut
from lookup.clock import SystemClock
from lookup.errors import Fault, InvalidRequestError, NotAllowedError
from lookup.record import Facet
from lookup.request import LookupRequest, RequestFields, read_request
from lookup.scopes import Scope


@dataclass(frozen=True, slots=True)
class Lookups:
    """Answers lookups."""

    sessions: async_sessionmaker[AsyncSession]
    cache: RecordCache
    ledger: Ledger | None
    """Where lookups are written down and counted; None for nowhere."""

    async def look_up(
        self, sent: LookupIn, caller: Caller, *, request_id: str
    ) -> LookupOut:
        """Answer one lookup.

        Raises:
            InvalidRequestError: A field is malformed, missing or contradictory.
            NotAllowedError: The caller lacks a scope.
        """
        started_s = time.perf_counter()
        # The rules only read attributes, and the names are the same.
        fields = cast("RequestFields", sent)
        request = read_request(fields, today=SystemClock().today())
        _admit(request, caller.scopes)
        # It takes a connection only when it first says something to the database.
        async with self.sessions() as session:
            found = await self._find(session, request)
            eligibility = judge(request, coverage_of(found), caller.scopes)
            judged = Judged(request, caller, request_id, found, eligibility)
            if self.ledger is not None:
                await self.ledger.write(session, judged)
                self.ledger.count(judged, started_s=started_s)
        return answer(judged)

    async def _find(self, session: AsyncSession, request: LookupRequest) -> Found:
        """What the cache knows, and what only the population knows."""
        number = request.identifier
        kept = await self.cache.read(number, request.facets)
        found: Found = {facet: ("redis", known) for facet, known in kept.items()}
        if missing := request.facets - kept.keys():
            read = await read_known(session, number, missing)
            await self.cache.write(number, read)
            found |= {facet: ("population", known) for facet, known in read.items()}
        return found


def _admit(request: LookupRequest, scopes: frozenset[Scope]) -> None:
    """Let the request pass if the caller's scopes reach that far."""
    if Scope.LOOKUP not in scopes:
        raise NotAllowedError(Scope.LOOKUP)
    if Facet.HEALTH in request.facets and Scope.HEALTH not in scopes:
        raise NotAllowedError(Scope.HEALTH)
    if Scope.ID_ONLY not in scopes and not request.has_claim:
        reason = "send full_name or birth_date: a number alone identifies nobody"
        raise InvalidRequestError(Fault("/full_name", reason))
