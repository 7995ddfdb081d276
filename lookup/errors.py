"""Why no answer could be given; by whose turn it is to act.

::

    TracuuError
    ├── CallerError            the caller acts
    │   ├── InvalidRequestError    a field is malformed or missing
    │   ├── NotAuthenticatedError  no key, or one that opens nothing
    │   ├── NotAllowedError        the key does not reach that far
    │   ├── UnknownOfficerError    who sits at the desk is not on the client's list
    │   └── OfficerNameError       the list has that officer under another name
    ├── NeighbourError         the machine beside us acts
    │   └── SourceUnavailableError no source could say anything in time
    └── OwnFaultError          we act
        ├── AuditUnavailableError  what happens could not be written down
        └── DeadlineExceededError  time ran out

A "no" is an answer, never an error. No error carries a citizen ID, a card number
or a name, and none knows an HTTP status.
"""

from dataclasses import dataclass


class TracuuError(Exception):
    """Root of every reason why no answer could be given; never raised itself."""

    code = "internal"
    """Stable word for machines, snake case, never reused for something else."""


class CallerError(TracuuError):
    """The caller can put it right."""


class NeighbourError(TracuuError):
    """A machine we depend on can put it right."""


class OwnFaultError(TracuuError):
    """Only we can put it right."""


class MalformedError(ValueError):
    """A text is not what it should be; the message says why and never repeats it.

    Raised by the parsers of single values; ``lookup.request`` turns it into a
    ``Fault`` that names the field.
    """


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request: where, and why, without the value."""

    pointer: str
    """JSON pointer (RFC 6901) to the field, such as ``/birth_date``; empty for all."""

    message: str

    def __str__(self) -> str:
        return f"{self.pointer}: {self.message}" if self.pointer else self.message


class InvalidRequestError(CallerError):
    """One or more fields of the request are malformed, missing or contradictory."""

    code = "invalid_request"

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


class NotAuthenticatedError(CallerError):
    """No key was sent, or it is unknown, expired or revoked (all alike)."""

    code = "not_authenticated"


class NotAllowedError(CallerError):
    """The client is known but lacks a scope."""

    code = "not_allowed"

    def __init__(self, scope: str) -> None:
        super().__init__(f"needs scope {scope}")
        self.scope = scope


class UnknownOfficerError(CallerError):
    """The client has a list of its officers, and this one is not on it."""

    code = "officer_unknown"


class OfficerNameError(CallerError):
    """The officer is on the client's list under another name."""

    code = "officer_name_differs"


class SourceUnavailableError(NeighbourError):
    """No source could say anything about the citizen within the deadline."""

    code = "source_unavailable"

    def __init__(self, reason: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class AuditUnavailableError(OwnFaultError):
    """The audit could not take the entry: no audit, no answer."""

    code = "audit_unavailable"


class DeadlineExceededError(OwnFaultError):
    """The time given to this lookup ran out before there was an answer."""

    code = "deadline_exceeded"
