"""What the spine asks of its neighbours, and what each may raise.

``tests/contracts`` holds one class of tests per promise; real neighbours and fakes
pass the same tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import msgspec

from lookup.citizen_id import CitizenId, Identifier
from lookup.deadline import Deadline
from lookup.public_keys import PublicKey
from lookup.record import Facet, Finding
from lookup.request import Claim
from lookup.scopes import Scope


class Clock(Protocol):
    """What time it is. Nothing else in the house reads the machine's clock."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""
        ...

    def today(self) -> date:
        """This day at the reception desk (Asia/Ho_Chi_Minh)."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, for durations only."""
        ...


class RecordSource(Protocol):
    """A place that knows citizens."""

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Say what is known about whom the identifier belongs to.

        An old, superseded or card number finds the record of the living citizen
        ID. A number that could mean two people finds nobody. Nobody is a
        ``Finding`` with ``record`` None, never an error. Costs at most one round
        trip.

        ``claim`` is for a source that shows no record without it and judges it
        itself. Such a source answers with the record, or with ``withheld`` and no
        record; the other sources take no notice of it.

        Raises:
            InvalidRequestError: The source cannot be asked with so thin a claim.
            SourceUnavailableError: The source is down, refuses or fails.
            DeadlineExceededError: It did not say so in time.
        """
        ...


class RecordCache(Protocol):
    """A place that may remember. It never raises: a broken cache is a miss."""

    def near(self, identifier: Identifier, facet: Facet) -> Finding | None:
        """What was remembered and can be given without waiting and without a doubt.

        None says nothing: ask ``get``. The same object comes back for as long as
        nothing has changed.
        """
        ...

    async def get(self, identifier: Identifier, facet: Facet) -> Finding | None:
        """What was remembered and may still be used, else None.

        A finding past its fresh time comes back with ``is_stale`` True; one past
        its last usable time never comes back.
        """
        ...

    async def put(self, identifier: Identifier, facet: Facet, finding: Finding) -> None:
        """Remember, unless something newer about that citizen is known.

        Never a finding that was withheld: the next claim may be a better one.
        """
        ...

    async def forget(self, citizen_id: Identifier, facet: Facet, version: int) -> None:
        """Never again give out anything about this citizen older than ``version``."""
        ...


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who looked up whom, why and with what result. Prints without content."""

    at: datetime
    request_id: str
    client_id: str
    channel: str
    operator: str | None
    purpose: str
    facets: tuple[str, ...]
    identifier: Identifier | None
    citizen_id: str | None
    """The living number, when somebody was found."""

    code: str
    outcome: str
    source: str | None
    disclosed: bool
    """Whether anything about the person left the house."""

    released: tuple[str, ...] = ()
    """The facets that did."""

    age_s: float | None = None
    """How old the record was; None when no source said anything."""

    facility: str | None = None
    """For which facility the client asked, where it is known."""

    def __repr__(self) -> str:
        return f"AuditEntry({self.request_id}, ***)"


class AuditLog(Protocol):
    """Where every lookup is written down before its answer leaves."""

    async def record(self, entry: AuditEntry) -> None:
        """Take the entry; when it returns, no killed process can lose it.

        Raises:
            AuditUnavailableError: The entry could not be taken; nothing may be
                answered.
        """
        ...


class Client(Protocol):
    """A system that may ask."""

    @property
    def client_id(self) -> str:
        """Its name, which is no secret."""
        ...

    @property
    def scopes(self) -> frozenset[Scope]:
        """How far it reaches."""
        ...

    @property
    def deadline_s(self) -> float | None:
        """How long it waits for one lookup; None for as long as everybody."""
        ...

    @property
    def public_keys(self) -> Mapping[str, PublicKey]:
        """Keys by which it may prove who it is, by ``kid``; mostly none."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class Officer:
    """Who sits at the desk (cán bộ tra cứu), as the insurer's protocol names them."""

    number: CitizenId
    full_name: str


class GatewayUser(Protocol):
    """An account through which a client speaks the insurer's protocol."""

    @property
    def client(self) -> Client:
        """Whose account it is."""
        ...

    def admit_officer(self, officer: Officer | None) -> None:
        """Let an officer pass; any, and none, while the client has no list.

        Raises:
            UnknownOfficerError: The client has a list without this officer.
            OfficerNameError: The officer is on it under another name.
        """
        ...


class GatewayDirectory(Protocol):
    """Who may speak the insurer's protocol. Answers from memory, as above."""

    def find(self, username: str, now: datetime) -> GatewayUser | None:
        """The user of this name, None when unknown, or its client has ended."""
        ...

    async def sign_in(
        self, username: str, password_md5: str, now: datetime
    ) -> GatewayUser | None:
        """The user, if the password is right; takes as long if there is none."""
        ...


class ClientDirectory(Protocol):
    """Who may ask. Answers from memory and keeps what it knows when all else fails."""

    def find(self, key: str, now: datetime) -> Client | None:
        """The client this API key opens, None when unknown, expired or revoked."""
        ...

    def named(self, client_id: str, now: datetime) -> Client | None:
        """The client of this name, None when unknown, expired or revoked."""
        ...


class AssertionLog(Protocol):
    """Which assertions clients have used, the same for every worker."""

    async def use(self, client_id: str, jti: str, *, until: datetime) -> bool:
        """Whether this is the first use of an assertion; from now on it is not.

        Args:
            client_id: Who has signed it.
            jti: Its name.
            until: When it may be forgotten, because it has expired.

        Raises:
            SourceUnavailableError: It cannot be known; nothing may be given.
        """
        ...
