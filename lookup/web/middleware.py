"""Around every request: its id, its time, and where errors become HTTP."""

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from aiohttp import web

from lookup.errors import TracuuError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.ports import Clock
from lookup.web.fhir import addresses
from lookup.web.fhir.outcome import outcome_response
from lookup.web.problems import PROBLEMS, problem_document, problem_response
from lookup.web.vss_wire import card_failure, history_failure, token_failure

REQUEST_ID = web.RequestKey("request_id", str)

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
        "/v1/lookups",
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
            started_s = self.clock.monotonic()
            request[REQUEST_ID] = _request_id(request)
            with self._in_flight(request):
                response = await self._answer(request, handler, started_s)
            self._finish(request, response, self.clock.monotonic() - started_s)
            return response

        return edge

    @contextmanager
    def _in_flight(self, request: web.Request) -> Iterator[None]:
        is_lookup = route_of(request) in _LOOKUP_ROUTES
        if is_lookup:
            self.metrics.lookup_started()
        try:
            yield
        finally:
            if is_lookup:
                self.metrics.lookup_ended()

    async def _answer(
        self, request: web.Request, handler: Handler, started_s: float
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except TracuuError as error:
            return self._problem(request, error.code, started_s=started_s, error=error)
        except web.HTTPException as error:
            code = _HTTP_CODES.get(error.status)
            if code is None:
                return error
            response = self._problem(request, code, started_s=started_s)
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = error.headers["Allow"]
            return response
        except Exception as error:  # noqa: BLE001 - the last door before the caller
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
        self.metrics.problem_answered(code)
        if route_of(request) in _LOOKUP_ROUTES:
            self._count(code, channel=channel_of(request), started_s=started_s)
        write = _FAILURE_BY_ROUTE.get(route_of(request), problem_response)
        if request.path.startswith(addresses.PREFIX):
            write = outcome_response
        return write(code, request_id=request[REQUEST_ID], error=error)

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
        self.metrics.problem_answered(code)
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

    def _finish(
        self, request: web.Request, response: web.StreamResponse, duration_s: float
    ) -> None:
        response.headers["X-Request-Id"] = request[REQUEST_ID]
        self.metrics.http_answered(
            method=request.method,
            route=route_of(request),
            status=response.status,
            duration_s=duration_s,
        )


def route_of(request: web.Request) -> str:
    """The template of the route, never the path: paths are the caller's text."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def channel_of(request: web.Request) -> str:
    """Through which door the request came."""
    said = request.headers.get("X-Tracuu-Channel", "api")
    if said == "loadtest":
        return said
    channel = said if said in CHANNELS else "api"
    return _CHANNEL_BY_ROUTE.get(route_of(request), channel)


def _request_id(request: web.Request) -> str:
    sent = request.headers.get("X-Request-Id", "")
    return sent if _ACCEPTED_ID.fullmatch(sent) else str(uuid4())
