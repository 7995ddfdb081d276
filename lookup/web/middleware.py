"""Around every request: its id, its time, and where errors become HTTP."""

import os
import re
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from aiohttp import web

from lookup.errors import Fault, InvalidRequestError, TracuuError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import Clock
from lookup.web.answer import Answer
from lookup.web.every_answer import EVERY_ANSWER
from lookup.web.fhir import addresses
from lookup.web.fhir.outcome import outcome_response
from lookup.web.problems import (
    GATEWAY_ONLY,
    PROBLEMS,
    problem_document,
    problem_response,
)
from lookup.web.vss_wire import card_failure, history_failure, token_failure

REQUEST_ID = web.RequestKey("request_id", str)
ROUTE = web.RequestKey("route", str)

LOOKUPS = "/v1/lookups"

_ACCEPTED_ID = re.compile(
    r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}|[0-7][0-9A-HJKMNP-TV-Z]{25}"
)
"""UUID or ULID. Free text is not taken: a caller could send a patient's number."""

CHANNELS = frozenset({"api", "page", "cli", "loadtest"})
"""What the header ``X-Tracuu-Channel`` may say; anything else counts as ``api``.

Load tests name themselves, so that they never touch the objective.
"""

_LOOKUP_ROUTES = frozenset(
    {
        LOOKUPS,
        "/v1/lookups/batch",
        "/api/egw/{function}",
        "/api/egw/{history}",
        *addresses.LOOKUP_ROUTES,
    }
)
"""Where a failure is a failed lookup and counted as one."""

_CHANNEL_BY_ROUTE = {
    "/v1/lookups/batch": "batch",
    "/api/egw/{function}": "vss",
    "/api/egw/{history}": "vss",
    **dict.fromkeys(addresses.LOOKUP_ROUTES, "fhir"),
}
"""Doors that are known by their address; what a caller says of them is not asked."""

_FAILURE_BY_ROUTE: dict[str, Callable[..., web.Response]] = {
    "/api/token/take": token_failure,
    "/api/egw/{function}": card_failure,
    "/api/egw/{history}": history_failure,
}
"""Dialects that say in their own words what went wrong; elsewhere it is a problem."""

_HTTP_CODES = {
    404: "route_unknown",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "body_too_slow",
    413: "body_too_large",
    415: "media_type_unsupported",
}

_REFUSALS = frozenset({"not_allowed", "not_authenticated", *GATEWAY_ONLY})
"""Answers to callers who are not known here, or want more than they may."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Edge:
    """Gives a request its id and clock, and turns whatever fails into a problem."""

    clock: Clock
    metrics: Metrics
    events: Events

    def middleware(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        """This as aiohttp wants it."""

        @web.middleware
        async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
            resource = request.match_info.route.resource
            # The template of the route, never the path: paths are the caller's text.
            route = resource.canonical if resource is not None else "unknown"
            return await self.around(request, handler, route)

        return edge

    async def around(
        self, request: web.Request, handler: Handler, route: str
    ) -> web.StreamResponse:
        """Answer a request by the handler of its route, whatever happens there."""
        started_s = self.clock.monotonic()
        sent = request.headers.get("X-Request-Id")
        request_id = sent if sent and _ACCEPTED_ID.fullmatch(sent) else _new_id()
        request[REQUEST_ID] = request_id
        request[ROUTE] = route
        is_lookup = route in _LOOKUP_ROUTES
        if is_lookup:
            self.metrics.lookup_started()
        try:
            response = await handler(request)
        except Exception as error:  # noqa: BLE001 - the last door before the caller
            response = self._failed(request, error, started_s)
        finally:
            if is_lookup:
                self.metrics.lookup_ended()
        response.headers["X-Request-Id"] = request_id
        if not isinstance(response, Answer):  # it has written them already
            for name, text in EVERY_ANSWER.items():
                response.headers.setdefault(name, text)
        self.metrics.http_answered(
            method=request.method,
            route=route,
            status=response.status,
            duration_s=self.clock.monotonic() - started_s,
        )
        return response

    def _failed(
        self, request: web.Request, error: Exception, started_s: float
    ) -> web.StreamResponse:
        if isinstance(error, web.RequestPayloadError):
            reason = "cannot be read as its Content-Encoding or chunks say"
            error = InvalidRequestError(Fault("", reason))
        if isinstance(error, TracuuError):
            return self._problem(request, error.code, started_s=started_s, error=error)
        if isinstance(error, web.HTTPException):
            code = _HTTP_CODES.get(error.status)
            if code is None:
                return error
            response = self._problem(request, code, started_s=started_s)
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = error.headers["Allow"]
            return response
        self.events.request_failed(request[REQUEST_ID], error)
        return self._problem(request, "internal", started_s=started_s)

    def _problem(
        self,
        request: web.Request,
        code: str,
        *,
        started_s: float,
        error: TracuuError | None = None,
    ) -> web.Response:
        """Print the problem, and count a lookup that ended in it."""
        self.note(code, request_id=request[REQUEST_ID], address=request.remote or "")
        if request[ROUTE] in _LOOKUP_ROUTES:
            self._count(code, channel=channel_of(request), started_s=started_s)
        write = _FAILURE_BY_ROUTE.get(request[ROUTE], problem_response)
        if request.path.startswith(addresses.PREFIX):
            write = outcome_response
        return write(code, request_id=request[REQUEST_ID], error=error)

    def note(self, code: str, *, request_id: str, address: str = "") -> None:
        """Count a problem; a refusal is logged, too, with the address it came from."""
        self.metrics.problem_answered(code)
        if code in _REFUSALS:
            self.events.caller_refused(request_id, code=code, address=address)

    def lookup_failed(
        self, error: Exception, *, request_id: str, channel: str, started_s: float
    ) -> dict[str, object]:
        """Count one lookup of several that ended in an error, and print its problem.

        An error that is none of ours is a defect: it is logged and not repeated.
        """
        told = error if isinstance(error, TracuuError) else None
        if told is None:
            self.events.request_failed(request_id, error)
        code = "internal" if told is None else told.code
        self.note(code, request_id=request_id)
        self._count(code, channel=channel, started_s=started_s)
        return problem_document(code, request_id=request_id, error=told)

    def _count(self, code: str, *, channel: str, started_s: float) -> None:
        problem = PROBLEMS[code]
        if problem.outcome is not None:
            self.metrics.lookup_answered(
                outcome=problem.outcome,
                code=problem.result_code or "101",
                source="none",
                channel=channel,
                duration_s=self.clock.monotonic() - started_s,
            )


def channel_of(request: web.Request) -> str:
    """Through which door the request came."""
    said = request.headers.get("X-Tracuu-Channel", "api")
    if said == "loadtest":
        return said
    channel = said if said in CHANNELS else "api"
    return _CHANNEL_BY_ROUTE.get(request[ROUTE], channel)


def _new_id() -> str:
    """A random UUID, as ``uuid.uuid4`` makes it with a system call for each."""
    drawn = next(_DRAWN)
    return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-a{drawn[17:20]}-{drawn[20:]}"


def _draw() -> Iterator[str]:
    """32 hexadecimal digits, again and again; asks the system for many at a time.

    None that ends like a citizen ID: the log would hide it, and who asks for the
    request would not find it.
    """
    while True:
        many = os.urandom(4096).hex()
        drawn = (many[at : at + 32] for at in range(0, len(many), 32))
        yield from (each for each in drawn if not each[22:].isdecimal())


_DRAWN = _draw()
