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
from lookup.web.problems import PROBLEMS, problem_response

REQUEST_ID = web.RequestKey("request_id", str)

_ACCEPTED_ID = re.compile(
    r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}|[0-7][0-9A-HJKMNP-TV-Z]{25}"
)
"""UUID or ULID. Free text is not taken: a caller could send a patient's number."""

CHANNELS = frozenset({"api", "page", "cli", "loadtest"})
"""What the header ``X-Tracuu-Channel`` may say; anything else counts as ``api``.

Load tests name themselves, so that they never touch the objective.
"""

_LOOKUP_ROUTES = frozenset({"/v1/lookups"})
"""Where a failure is a failed lookup and counted as one."""

_HTTP_CODES = {
    404: "route_unknown",
    405: "method_not_allowed",
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
        outcome = PROBLEMS[code].outcome
        if outcome is not None and route_of(request) in _LOOKUP_ROUTES:
            self.metrics.lookup_answered(
                outcome=outcome,
                code=PROBLEMS[code].result_code or "101",
                source="none",
                channel=channel_of(request),
                duration_s=self.clock.monotonic() - started_s,
            )
        return problem_response(code, request_id=request[REQUEST_ID], error=error)

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
    channel = request.headers.get("X-Tracuu-Channel", "api")
    return channel if channel in CHANNELS else "api"


def _request_id(request: web.Request) -> str:
    sent = request.headers.get("X-Request-Id", "")
    return sent if _ACCEPTED_ID.fullmatch(sent) else str(uuid4())
