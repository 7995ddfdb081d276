"""What the spine asks of its neighbours, and what each may raise.

``tests/contracts`` holds one class of tests per promise; real neighbours and fakes
pass the same tests.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.record import Facet, Finding
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
        self, identifier: Identifier, facet: Facet, deadline: Deadline
    ) -> Finding:
        """Say what is known about whom the identifier belongs to.

        An old, superseded or card number finds the record of the living citizen
        ID. A number that could mean two people finds nobody. Nobody is a
        ``Finding`` with ``record`` None, never an error. Costs at most one round
        trip.

        Raises:
            SourceUnavailableError: The source is down, refuses or fails.
            DeadlineExceededError: It did not say so in time.
        """
        ...


class RecordCache(Protocol):
    """A place that may remember. It never raises: a broken cache is a miss."""

    async def get(self, identifier: Identifier, facet: Facet) -> Finding | None:
        """What was remembered and may still be used, else None.

        A finding past its fresh time comes back with ``is_stale`` True; one past
        its last usable time never comes back.
        """
        ...

    async def put(self, identifier: Identifier, facet: Facet, finding: Finding) -> None:
        """Remember, unless something newer about that citizen is known."""
        ...

    async def forget(self, citizen_id: Identifier, facet: Facet, version: int) -> None:
        """Never again give out anything about this citizen older than ``version``."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class AuditEntry:
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

    def __repr__(self) -> str:
        return f"AuditEntry({self.request_id}, ***)"


class AuditLog(Protocol):
    """Where every lookup is written down before its answer leaves."""

    async def record(self, entry: AuditEntry) -> None:
        """Take the entry; it will be in the log even if this process ends orderly.

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


class ClientDirectory(Protocol):
    """Who may ask. Answers from memory and keeps what it knows when all else fails."""

    def find(self, key: str, now: datetime) -> Client | None:
        """The client this API key opens, None when unknown, expired or revoked."""
        ...
