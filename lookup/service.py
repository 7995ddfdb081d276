"""The way of one lookup, on one screen; read this first.

Not here: what a record means (``eligibility``), who may learn it (``disclosure``),
how it is remembered (``cache``) or spoken (``web``).
"""

import asyncio
from dataclasses import dataclass

from lookup.codes import RESULTS
from lookup.deadline import Deadline
from lookup.disclosure import shows_freshness, told_code
from lookup.eligibility import Eligibility, decide
from lookup.errors import (
    DeadlineExceededError,
    Fault,
    InvalidRequestError,
    NotAllowedError,
    SourceUnavailableError,
)
from lookup.metrics import Metrics
from lookup.ports import AuditEntry, AuditLog, Clock, RecordSource
from lookup.record import CoverageRecord, Facet, Finding, HealthRecord, Person
from lookup.request import LookupRequest
from lookup.result import Freshness, LookupResult, outcome_of
from lookup.scopes import Scope

NO_HEALTH = (SourceUnavailableError, DeadlineExceededError, InvalidRequestError)
"""What leaves the insurance answer as it is when only health meets it."""


@dataclass(frozen=True, slots=True)
class Asker:
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
        finding, health = await self._fetch(request, deadline)
        eligibility = decide(
            coverage_of(finding),
            request,
            sees_restricted=Scope.RESTRICTED in asker.scopes,
            withheld=finding.withheld,
        )
        result = self._result(
            request, asker, eligibility=eligibility, findings=(finding, health)
        )
        await self.audit.record(
            self._entry(request, asker, eligibility=eligibility, finding=finding)
        )
        self.metrics.lookup_answered(
            outcome=outcome_of(eligibility.code, in_force=eligibility.in_force),
            code=eligibility.code,
            source=finding.source,
            channel=asker.channel,
            duration_s=self.clock.monotonic() - started_s,
        )
        if finding.is_stale:
            self.metrics.stale_answered(asker.channel)
        return result

    def deadline(self, asker: Asker, at_most_s: float | None = None) -> Deadline:
        """Until when a lookup that begins now is waited for, in every dialect."""
        own_s = self.deadline_s if asker.deadline_s is None else asker.deadline_s
        in_s = own_s if at_most_s is None else min(own_s, at_most_s)
        return Deadline(self.clock.monotonic() + in_s, self.clock.monotonic)

    async def _fetch(
        self, request: LookupRequest, deadline: Deadline
    ) -> tuple[Finding, Finding | None]:
        """Both facets side by side; health may be missing, coverage may not."""
        if Facet.HEALTH not in request.facets:
            return await self._facet(request, Facet.COVERAGE, deadline), None
        coverage, health = await asyncio.gather(
            self._facet(request, Facet.COVERAGE, deadline),
            self._facet(request, Facet.HEALTH, deadline),
            return_exceptions=True,
        )
        if isinstance(coverage, BaseException):
            raise coverage
        if isinstance(health, NO_HEALTH):
            return coverage, None
        if isinstance(health, BaseException):
            raise health
        return coverage, None if health.withheld else health

    async def _facet(
        self, request: LookupRequest, facet: Facet, deadline: Deadline
    ) -> Finding:
        return await self.source.fetch(
            request.identifier, facet, deadline, claim=request.claim
        )

    def _result(
        self,
        request: LookupRequest,
        asker: Asker,
        *,
        eligibility: Eligibility,
        findings: tuple[Finding, Finding | None],
    ) -> LookupResult:
        finding, health = findings
        record = coverage_of(finding)
        fits = eligibility.identity_fits
        person = record.person if record is not None and fits else None
        is_wanted = fits and Facet.HEALTH in request.facets
        is_theirs = is_wanted and is_of(health, person)
        tells_age = shows_freshness(eligibility, asker.scopes)
        return LookupResult(
            request_id=asker.request_id,
            on=request.on,
            told=RESULTS[told_code(eligibility, asker.scopes)],
            person=person,
            eligibility=eligibility if fits else None,
            health=health_of(health) if is_theirs else None,
            health_is_missing=is_wanted and not is_theirs,
            freshness=self._freshness(finding, health) if tells_age else None,
            resolved_by=_resolved_by(request, person.citizen_id if person else None),
        )

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
        eligibility: Eligibility,
        finding: Finding,
    ) -> AuditEntry:
        record = coverage_of(finding)
        return AuditEntry(
            at=self.clock.now(),
            request_id=asker.request_id,
            client_id=asker.client_id,
            channel=asker.channel,
            operator=request.operator,
            purpose=request.purpose,
            facets=tuple(sorted(request.facets)),
            identifier=request.identifier,
            citizen_id=record.person.citizen_id if record is not None else None,
            code=eligibility.code,
            outcome=outcome_of(eligibility.code, in_force=eligibility.in_force),
            source=finding.source,
            disclosed=eligibility.identity_fits,
        )


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


def coverage_of(finding: Finding) -> CoverageRecord | None:
    """The coverage record a finding holds, None for nobody."""
    assert finding.record is None or isinstance(finding.record, CoverageRecord)
    return finding.record


def health_of(finding: Finding | None) -> HealthRecord | None:
    """The health record a finding holds, None for nobody or not asked."""
    if finding is None or finding.record is None:
        return None
    assert isinstance(finding.record, HealthRecord)
    return finding.record


def is_of(finding: Finding | None, person: Person | None) -> bool:
    """Whether health was found, and as far as it can be known for this person.

    The two facets are remembered apart. While a card moves to another person, its
    number may lead to the one in one facet and to the other in the other.
    """
    if finding is None or person is None:
        return False
    record = health_of(finding)
    return record is None or record.citizen_id == person.citizen_id


def _as_of(finding: Finding) -> float:
    return finding.as_of.timestamp()


def _resolved_by(request: LookupRequest, living: str | None) -> str:
    asked = request.identifier
    if asked.kind == "citizen_id" and living not in (None, asked.digits):
        return "superseded"
    return asked.kind
