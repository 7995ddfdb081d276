"""What the service writes to its log: a closed list of events with closed fields.

Nothing else can be written, so that personal data has no way into a log: an error is
its class and the place in our code where it passed, never its text; libraries may say
that they warn and where, never what.
"""

import contextlib
import logging
import re
import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

import structlog

from lookup.event_catalogue import EVENTS, Level

Value = str | int | float | bool
Emit = Callable[[Level, str, Mapping[str, Value]], None]

REPEATS_MAX = 10
"""How often one event from one place is written within ``REPEATS_S``."""

REPEATS_S = 60.0

_PLACES = ("location", "worker", "source", "target", "tier")
"""Fields that make two events be from different places."""

OUR_PACKAGES = ("lookup", "adapters", "cache")

_NUMBER = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{0,2}\d{9,15}(?![0-9A-Za-z])")
"""What a citizen ID, an old number or a card number looks like in a text."""


class Events:
    """Writes events. Methods are named after what happened; none ever raises.

    After a flood the next line says in ``held_back`` how many were not written.
    """

    def __init__(
        self, emit: Emit, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._emit = emit
        self._floods = _Floods(monotonic)

    def process_started(
        self, *, version: str, workers: int, port: int, admin_port: int
    ) -> None:
        """The parent serves."""
        ports = {"port": port, "admin_port": admin_port}
        self._say("process.started", {"version": version, "workers": workers, **ports})

    def process_stopping(self, signal: str) -> None:
        """A signal asked the parent to stop."""
        self._say("process.stopping", {"signal": signal})

    def worker_started(self, worker: int, pid: int) -> None:
        """A worker process runs."""
        self._say("worker.started", {"worker": worker, "pid": pid})

    def worker_drained(self, worker: int, pid: int) -> None:
        """A worker ended as it was asked to."""
        self._say("worker.drained", {"worker": worker, "pid": pid})

    def worker_died(self, worker: int, pid: int, *, exit_code: int) -> None:
        """A worker ended unasked; below 0, by that signal."""
        self._say("worker.died", {"worker": worker, "pid": pid, "exit_code": exit_code})

    def worker_restarted(self, worker: int, *, deaths: int, delay_s: float) -> None:
        """A dead worker is replaced, after so many early deaths in a row."""
        self._say(
            "worker.restarted",
            {"worker": worker, "deaths": deaths, "delay_s": delay_s},
        )

    def request_failed(self, request_id: str, error: BaseException) -> None:
        """A defect of ours was answered with 500."""
        self._say("request.failed", {"request_id": request_id}, error)

    def caller_refused(self, request_id: str, *, code: str, address: str) -> None:
        """Somebody was not known here, or wanted more than they may."""
        refused = {"request_id": request_id, "code": code, "address": address}
        self._say("caller.refused", refused)

    def source_unavailable(self, source: str, error: BaseException) -> None:
        """A source could not be asked."""
        self._say("source.unavailable", {"source": source}, error)

    def source_recovered(self, source: str) -> None:
        """A source answers again."""
        self._say("source.recovered", {"source": source})

    def gateway_refused(self, code: str) -> None:
        """The gateway does not let us ask, by its result code or HTTP status."""
        self._say("gateway.refused", {"code": code})

    def gateway_contract_changed(self, change: str, field: str) -> None:
        """The gateway answered otherwise than its annex says."""
        self._say("gateway.contract_changed", {"change": change, "field": field})

    def breaker_opened(self, target: str) -> None:
        """Nothing is asked of the target for a while."""
        self._say("breaker.opened", {"target": target})

    def breaker_closed(self, target: str) -> None:
        """The target is asked again."""
        self._say("breaker.closed", {"target": target})

    def cache_unreadable(self, tier: str) -> None:
        """An entry of the cache did not open and counts as a miss."""
        self._say("cache.unreadable", {"tier": tier})

    def redis_unreachable(self, error: BaseException) -> None:
        """Redis failed or was too slow."""
        self._say("redis.unreachable", {}, error)

    def redis_recovered(self) -> None:
        """Redis answers again."""
        self._say("redis.recovered", {})

    def listener_lost(self, error: BaseException | None = None) -> None:
        """Changes of the population are not heard any more."""
        self._say("changes.listener_lost", {}, error)

    def listener_restored(self) -> None:
        """Changes of the population are heard again."""
        self._say("changes.listener_restored", {})

    def changes_replayed(self, changes: int) -> None:
        """Changes missed meanwhile were caught up."""
        self._say("changes.replayed", {"changes": changes})

    def audit_failed(self, entries: int, error: BaseException) -> None:
        """Audit entries could not be written."""
        self._say("audit.failed", {"entries": entries}, error)

    def audit_degraded(self) -> None:
        """A lookup of coverage is answered before it is written down."""
        self._say("audit.degraded", {})

    def audit_recovered(self, entries: int) -> None:
        """The audit can be written again; so many owed entries are in it now."""
        self._say("audit.recovered", {"entries": entries})

    def audit_unshipped(self, error: BaseException) -> None:
        """The audit could not be carried into the database; it is tried again."""
        self._say("audit.unshipped", {}, error)

    def audit_signed(self, chain: str, *, count: int, head: str) -> None:
        """A chain that no database knows has so many lines and this hash."""
        self._say("audit.signed", {"chain": chain, "count": count, "head": head})

    def clients_refreshed(self, clients: int) -> None:
        """The list of clients changed."""
        self._say("clients.refreshed", {"clients": clients})

    def clients_file_refused(self, fault: str) -> None:
        """The file of clients is faulty; what was known stays."""
        self._say("clients.file_refused", {"fault": fault})

    def clients_refresh_failed(self, error: BaseException) -> None:
        """The list of clients could not be read again."""
        self._say("clients.refresh_failed", {}, error)

    def library_warned(self, record: logging.LogRecord) -> None:
        """A library logged a warning or worse; only where, not what."""
        error = record.exc_info[1] if record.exc_info else None
        fields = {
            "logger": record.name,
            "severity": record.levelname.lower(),
            "location": f"{record.module}:{record.lineno}",
        }
        self._say("library.warned", {**_told(error), **fields})

    def loop_lagged(self, lag_s: float) -> None:
        """The event loop did nothing for that long."""
        self._say("loop.lagged", {"lag_s": round(lag_s, 3)})

    def _say(
        self,
        event: str,
        fields: Mapping[str, Value],
        error: BaseException | None = None,
    ) -> None:
        row = EVENTS[event]
        told: dict[str, Value] = {
            name: _masked(value)
            for name, value in {**fields, **_told(error)}.items()
            if name in row.fields
        }
        held_back = self._floods.held_back((event, *map(told.get, _PLACES)))
        if held_back is None:
            return
        if held_back:
            told["held_back"] = held_back
        self._emit(row.level, event, told)


class _Floods:
    """Lets an event from one place through so often, then counts what it holds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: dict[object, tuple[float, int]] = {}

    def held_back(self, key: object) -> int | None:
        """How many were held back before this one; None: hold this one back too."""
        now_s = self._monotonic()
        since_s, count = self._seen.get(key, (now_s, 0))
        if now_s - since_s >= REPEATS_S:
            self._seen[key] = now_s, 1
            return max(0, count - REPEATS_MAX)
        self._seen[key] = since_s, count + 1
        return 0 if count < REPEATS_MAX else None


class _LibraryHandler(logging.Handler):
    """Takes what libraries log and lets through that they did, and where."""

    def __init__(self, events: Events) -> None:
        super().__init__(logging.WARNING)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        self._events.library_warned(record)


def open_events(
    level: str, *, stream: TextIO | None = None, worker: int | None = None
) -> Events:
    """Events as JSON lines on a stream, as readable lines on a terminal.

    Args:
        level: The least level written: debug, info, warning or error.
        stream: Where to; None is standard error.
        worker: Which worker writes; None in the parent and in commands.
    """
    out = stream or sys.stderr
    renderer = (
        structlog.dev.ConsoleRenderer()
        if out.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    logger = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
    ).bind(**({} if worker is None else {"worker": worker}))

    def emit(level: Level, event: str, fields: Mapping[str, Value]) -> None:
        # A log that nobody reads any more must not end a lookup.
        with contextlib.suppress(OSError):
            getattr(logger, level)(event, **fields)

    return Events(emit)


def take_library_logs(events: Events) -> None:
    """Send what libraries log through ``library.warned``, in place of their text."""
    logging.basicConfig(
        handlers=[_LibraryHandler(events)], level=logging.WARNING, force=True
    )


def _told(error: BaseException | None) -> dict[str, Value]:
    """What may be told of an error: classes and our own place, never its text."""
    if error is None:
        return {}
    told: dict[str, Value] = {
        "error": type(error).__name__,
        "location": _location(error),
    }
    cause = error.__cause__ or error.__context__
    if cause is not None:
        told["cause"] = type(cause).__name__
    return told


def _location(error: BaseException) -> str:
    """Module and line of the innermost frame that is ours."""
    place, step = "elsewhere", error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__"))
        if module.partition(".")[0] in OUR_PACKAGES:
            place = f"{module}:{step.tb_lineno}"
        step = step.tb_next
    return place


def _masked(value: Value) -> Value:
    """Hide what looks like a citizen ID or card number, wherever it came from."""
    return _NUMBER.sub("***", value) if isinstance(value, str) else value
