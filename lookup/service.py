"""The way of one lookup, on one screen; read this first.

Not here: what a record means (``eligibility``), who may learn it (``disclosure``),
how it is remembered (``cache``) or spoken (``web``).
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

import msgspec

from lookup.codes import Outcome
from lookup.deadline import Deadline
from lookup.disclosure import Disclosure, disclose
from lookup.eligibility import decide
from lookup.errors import (
    DeadlineExceededError,
    Fault,
    InvalidRequestError,
    NotAllowedError,
    SourceUnavailableError,
)
from lookup.memo import same_again
from lookup.metrics import Metrics
from lookup.ports import AuditEntry, AuditLog, Clock, RecordSource
from lookup.record import Facet, Finding, Private
from lookup.request import LookupRequest
from lookup.result import Freshness, LookupResult, outcome_of
from lookup.scopes import Scope

JUDGEMENTS_MAX = 4_096
"""Judgements kept in a worker: some 8 MB with the records of coverage they rest on."""

NO_HEALTH = (SourceUnavailableError, DeadlineExceededError, InvalidRequestError)
"""What leaves the insurance answer as it is when only health meets it."""


class Asker(msgspec.Struct, frozen=True):
    """Who asks: a client with its scopes, through one dialect, in one request."""

    client_id: str
    scopes: frozenset[Scope]
    channel: str
    request_id: str
    deadline_s: float | None = None
    """How long it waits for one lookup; None for as long as everybody."""


@dataclass(frozen=True, slots=True)
class LookupService:
    """Answers lookups. Stateless: everything that stays lives behind the ports."""

    source: RecordSource
    audit: AuditLog
    clock: Clock
    metrics: Metrics
    deadline_s: float
    """Longest time for one lookup of a client that has none of its own."""

    needs_whole_claim: bool = False
    """A source behind it is asked only with name and date of birth. Wanted of every
    lookup then: asked only about the unknown, it would tell who is known."""

    async def look_up(
        self, request: LookupRequest, asker: Asker, deadline: Deadline
    ) -> LookupResult:
        """Answer one lookup: admit, fetch, decide, disclose, write down, count.

        Raises:
            NotAllowedError: A scope is missing.
            InvalidRequestError: This client must claim a name or a birth date.
            SourceUnavailableError: Nothing is known and no source could be asked.
            DeadlineExceededError: Time ran out before anything was known.
            AuditUnavailableError: The lookup could not be written down.
        """
        started_s = self.clock.monotonic()
        admit(request, asker.scopes, needs_whole_claim=self.needs_whole_claim)
        if Facet.HEALTH in request.facets:
            finding, health = await self._fetch_both(request, deadline)
        else:
            finding, health = await self._fetch(request, Facet.COVERAGE, deadline), None
        is_near = _is_near(finding) and (health is None or _is_near(health))
        judged = judge_again if is_near else judge
        judgement = judged(request, asker.scopes, finding, health)
        await self.audit.record(
            self._entry(request, asker, judgement=judgement, finding=finding)
        )
        self.metrics.lookup_answered(
            outcome=judgement.outcome,
            code=judgement.code,
            source=finding.source,
            channel=asker.channel,
            duration_s=self.clock.monotonic() - started_s,
        )
        if finding.is_stale:
            self.metrics.stale_answered(asker.channel)
        shown = judgement.shown
        age = self._freshness(finding, health) if shown.tells_age else None
        return LookupResult(
            request_id=asker.request_id, shown=shown, freshness=age, is_near=is_near
        )

    def deadline(self, asker: Asker, at_most_s: float | None = None) -> Deadline:
        """Until when a lookup that begins now is waited for, in every dialect."""
        own_s = self.deadline_s if asker.deadline_s is None else asker.deadline_s
        in_s = own_s if at_most_s is None else min(own_s, at_most_s)
        return Deadline(self.clock.monotonic() + in_s, self.clock.monotonic)

    def _fetch(
        self, request: LookupRequest, facet: Facet, deadline: Deadline
    ) -> Awaitable[Finding]:
        return self.source.fetch(
            request.identifier, facet, deadline, claim=request.claim
        )

    async def _fetch_both(
        self, request: LookupRequest, deadline: Deadline
    ) -> tuple[Finding, Finding | None]:
        """Both facets side by side; health may be missing, coverage may not."""
        coverage, health = await asyncio.gather(
            self._fetch(request, Facet.COVERAGE, deadline),
            self._fetch(request, Facet.HEALTH, deadline),
            return_exceptions=True,
        )
        if isinstance(coverage, BaseException):
            raise coverage
        if isinstance(health, NO_HEALTH):
            return coverage, None
        if isinstance(health, BaseException):
            raise health
        return coverage, None if health.withheld else health

    def _freshness(self, coverage: Finding, health: Finding | None) -> Freshness:
        """Of two facets, the older one speaks for both."""
        oldest = coverage if health is None else min(coverage, health, key=_as_of)
        return Freshness(
            source=oldest.source,
            as_of=oldest.as_of,
            age_s=max(0.0, (self.clock.now() - oldest.as_of).total_seconds()),
            is_stale=coverage.is_stale or (health is not None and health.is_stale),
        )

    def _entry(
        self,
        request: LookupRequest,
        asker: Asker,
        *,
        judgement: "Judgement",
        finding: Finding,
    ) -> AuditEntry:
        now = self.clock.now()
        return AuditEntry(
            at=now,
            request_id=asker.request_id,
            client_id=asker.client_id,
            channel=asker.channel,
            operator=request.operator,
            purpose=request.purpose,
            facets=judgement.facets,
            identifier=request.identifier,
            citizen_id=judgement.citizen_id,
            code=judgement.code,
            outcome=judgement.outcome,
            source=finding.source,
            age_s=max(0.0, (now - finding.as_of).total_seconds()),
            disclosed=bool(judgement.released),
            released=judgement.released,
        )


class Judgement(Private, frozen=True):
    """What follows from a request, the scopes of who asks and what was found."""

    code: str
    """The row of the result table that is true, whatever is told."""

    outcome: Outcome
    citizen_id: str | None
    """The living number of whoever was found."""

    facets: tuple[str, ...]
    """What was asked for, as the audit has it: in order."""

    released: tuple[str, ...]
    """Of which of them something is told."""

    shown: Disclosure


def judge(
    request: LookupRequest,
    scopes: frozenset[Scope],
    *findings: Finding | None,
) -> Judgement:
    """Decide and disclose, from the findings of both facets and nothing else.

    The second is None where health was not asked for, or no source could be asked.
    """
    finding, health = findings
    assert finding is not None, "who learns nothing of the coverage has raised"
    record = finding.coverage
    eligibility = decide(
        record,
        request,
        sees_restricted=Scope.RESTRICTED in scopes,
        withheld=finding.withheld,
    )
    shown = disclose(eligibility, request, scopes, coverage=record, health=health)
    told = {Facet.COVERAGE: shown.person, Facet.HEALTH: shown.health}
    return Judgement(
        code=eligibility.code,
        outcome=outcome_of(eligibility.code, in_force=eligibility.in_force),
        citizen_id=record.person.citizen_id if record is not None else None,
        facets=tuple(sorted(request.facets)),
        released=tuple(facet for facet, part in told.items() if part is not None),
        shown=shown,
    )


judge_again = same_again(judge, at_most=JUDGEMENTS_MAX)
"""The same, but what was judged once is not judged again."""


def admit(
    request: LookupRequest, scopes: frozenset[Scope], *, needs_whole_claim: bool
) -> None:
    """Let the request pass if the client's scopes reach that far.

    Raises:
        NotAllowedError: A scope is missing.
        InvalidRequestError: Neither name nor birth date, or not both where both are
            needed, and no scope to ask so.
    """
    if Scope.LOOKUP not in scopes:
        raise NotAllowedError(Scope.LOOKUP)
    if Facet.HEALTH in request.facets and Scope.HEALTH not in scopes:
        raise NotAllowedError(Scope.HEALTH)
    if Scope.ID_ONLY in scopes:
        return
    if not request.has_claim:
        reason = "send full_name or birth_date: a number alone identifies nobody"
        raise InvalidRequestError(Fault("/full_name", reason))
    if needs_whole_claim and (faults := request.claim.missing()):
        raise InvalidRequestError(*faults)


def _is_near(finding: Finding) -> bool:
    """Whether it is fresh from memory, and so the same object if it comes again."""
    return finding.source == "memory" and not finding.is_stale


def _as_of(finding: Finding) -> float:
    return finding.as_of.timestamp()
