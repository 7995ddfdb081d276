"""Step 7: the events that are counted.

An event costs a look-up in a dictionary made beforehand and an addition to a number
in shared memory (``metrics_store``); ``metrics_page`` shows them to Prometheus.
"""

from bisect import bisect_left
from itertools import product
from pathlib import Path
from typing import Literal, Self

from lookup.metrics_catalogue import (
    CALL_EDGES_S,
    CHANNELS,
    LAG_EDGES_S,
    LOOKUP_EDGES_S,
    OTHER,
    SOURCES,
    UNSOURCED,
    Labels,
)
from lookup.metrics_store import PLACES, Values, attach_store, memory_store

Tier = Literal["memory", "redis"]
CacheResult = Literal["hit", "stale", "miss", "unreadable", "error", "skipped"]
"""skipped: the breaker was open, nothing was asked."""

FetchResult = Literal["found", "nobody", "unavailable", "late", "refused"]
"""refused: the bulkhead was full or the breaker open."""

ContractChange = Literal["code_unknown", "field_empty", "field_malformed"]
"""field_empty: a field that was always filled has been empty many times in a row."""

BreakerState = Literal["closed", "half_open", "open"]

_BREAKER_STATES: dict[BreakerState, float] = {"closed": 0, "half_open": 1, "open": 2}


class Metrics:
    """Counts events; methods are named after what happened.

    None raises, except KeyError for a label value outside its closed list, which is
    a defect of the caller.
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._lookups = _lookup_places()
        self._results = _places("tracuu_results_total")
        self._durations = _places("tracuu_lookup_duration_seconds")
        self._requests = PLACES["tracuu_http_requests_total"]
        self._request_duration = PLACES["tracuu_http_request_duration_seconds"][()]
        self._entries = PLACES["tracuu_cache_entries"][()]
        self._bytes = PLACES["tracuu_cache_bytes"][()]
        self._cache_writes = PLACES["tracuu_cache_writes_total"]
        self._in_flight = PLACES["tracuu_lookups_in_flight"][()]
        self._cache_reads = PLACES["tracuu_cache_reads_total"]

    @classmethod
    def in_memory(cls) -> Self:
        """Numbers that nobody scrapes: for commands and tests."""
        return cls(memory_store().slices[0])

    def read(self, name: str, *labels: str) -> float:
        """What one counter or gauge stands at here, for tests and the detail page."""
        return float(self._values[PLACES[name][labels]])

    def lookup_answered(
        self, *, outcome: str, code: str, source: str, channel: str, duration_s: float
    ) -> None:
        """A lookup came to its end, whichever."""
        self._values[self._lookups[outcome, source, channel]] += 1
        self._values[self._results[code]] += 1
        self._observe(self._durations[source], LOOKUP_EDGES_S, duration_s)

    def stale_answered(self, channel: str) -> None:
        """A lookup was answered with a record past its fresh time."""
        self._count("tracuu_stale_answers_total", channel)

    def lookup_started(self) -> None:
        """A lookup began."""
        self._values[self._in_flight] += 1

    def lookup_ended(self) -> None:
        """A lookup that began is over."""
        self._values[self._in_flight] -= 1

    def http_answered(
        self, *, method: str, route: str, status: int, duration_s: float
    ) -> None:
        """An HTTP request was answered; ``route`` is a template, never a path."""
        status_class = f"{status // 100}xx"
        place = self._requests.get((method, route, status_class))
        if place is None:
            place = self._requests[OTHER, OTHER, status_class]
        self._values[place] += 1
        self._observe(self._request_duration, LOOKUP_EDGES_S, duration_s)

    def problem_answered(self, code: str) -> None:
        """A request failed, in whichever dialect."""
        places = PLACES["tracuu_problems_total"]
        self._values[places.get((code,), places[(OTHER,)])] += 1

    def cache_read(self, tier: Tier, facet: str, result: CacheResult) -> None:
        """A tier was asked for a record."""
        self._values[self._cache_reads[tier, facet, result]] += 1

    def cache_written(
        self, tier: Tier, result: Literal["stored", "refused", "error", "dropped"]
    ) -> None:
        """A tier was given a record."""
        self._values[self._cache_writes[tier, result]] += 1

    def cache_evicted(self, count: int) -> None:
        """Entries were pushed out of memory."""
        self._count("tracuu_cache_evictions_total", amount=count)

    def cache_sized(self, *, entries: int, size_bytes: int) -> None:
        """What memory holds now."""
        self._values[self._entries] = entries
        self._values[self._bytes] = size_bytes

    def cache_refreshed(self, facet: str) -> None:
        """An entry was loaded again before it expired."""
        self._count("tracuu_cache_refreshes_total", facet)

    def load_joined(self, facet: str) -> None:
        """A lookup waited for a load that was under way."""
        self._count("tracuu_loads_joined_total", facet)

    def source_asked(
        self, *, source: str, facet: str, result: FetchResult, duration_s: float
    ) -> None:
        """A source was asked; ``facet`` has no label, its query is timed by name."""
        del facet
        self._count("tracuu_source_requests_total", source, result)
        if result == "refused":  # nothing was asked, so nothing took time
            return
        self._time("tracuu_source_duration_seconds", LOOKUP_EDGES_S, duration_s, source)

    def gateway_failed(self, whose: Literal["ours", "theirs"]) -> None:
        """The gateway gave no usable answer."""
        self._count("tracuu_gateway_faults_total", whose)

    def gateway_changed(self, change: ContractChange) -> None:
        """The gateway answered otherwise than its annex says."""
        self._count("tracuu_gateway_contract_changes_total", change)

    def query_timed(self, query: str, duration_s: float) -> None:
        """A database query came back."""
        name = "tracuu_query_duration_seconds"
        known = query if (query,) in PLACES[name] else OTHER
        self._time(name, CALL_EDGES_S, duration_s, known)

    def pool_sized(self, *, in_use: int, idle: int, waiting: int) -> None:
        """How the database connections for lookups are used now."""
        self._set("tracuu_pool_connections", "in_use", value=in_use)
        self._set("tracuu_pool_connections", "idle", value=idle)
        self._set("tracuu_pool_connections", "waiting", value=waiting)

    def breaker_moved(self, target: str, state: BreakerState) -> None:
        """A breaker changed its state."""
        self._set("tracuu_breaker_state", target, value=_BREAKER_STATES[state])

    def change_applied(self, facet: str, *, lag_s: float) -> None:
        """A change of the population reached this worker."""
        self._count("tracuu_changes_applied_total", facet)
        self._time("tracuu_change_lag_seconds", LAG_EDGES_S, lag_s)
        self._set("tracuu_change_lag_last_seconds", value=lag_s)

    def listener_connected(self, *, connected: bool) -> None:
        """Whether changes are heard."""
        self._set("tracuu_listener_connected", value=connected)

    def audit_written(self, *, entries: int, duration_s: float) -> None:
        """A group of audit entries is on disk."""
        self._count("tracuu_audit_entries_total", amount=entries)
        self._time("tracuu_audit_duration_seconds", CALL_EDGES_S, duration_s)

    def audit_lost(self, entries: int) -> None:
        """Audit entries could not be written."""
        self._count("tracuu_audit_lost_total", amount=entries)

    def audit_degraded(self) -> None:
        """A lookup was answered before it was written down."""
        self._count("tracuu_audit_degraded_total")

    def audit_queued(self, *, entries: int) -> None:
        """So many audit entries wait to be carried into the database."""
        self._set("tracuu_audit_queue", value=entries)

    def clients_loaded(self, *, count: int) -> None:
        """So many clients are known."""
        self._set("tracuu_clients", value=count)

    def loop_lagged(self, lag_s: float) -> None:
        """The event loop came back so late."""
        self._time("tracuu_loop_lag_seconds", CALL_EDGES_S, lag_s)

    def worker_measured(self, *, resident_bytes: int, files: int, tasks: int) -> None:
        """What this worker occupies, has open and has begun."""
        self._set("tracuu_worker_resident_bytes", value=resident_bytes)
        self._set("tracuu_worker_files", value=files)
        self._set("tracuu_worker_tasks", value=tasks)

    def worker_serving(self, *, serving: bool) -> None:
        """Whether this worker takes connections."""
        self._set("tracuu_workers", "serving", value=serving)

    def workers_counted(self, *, configured: int, running: int) -> None:
        """What the parent knows of its workers."""
        self._set("tracuu_workers", "configured", value=configured)
        self._set("tracuu_workers", "running", value=running)

    def worker_restarted(self) -> None:
        """The parent replaced a dead worker."""
        self._count("tracuu_worker_restarts_total")

    def _count(self, name: str, *labels: str, amount: int = 1) -> None:
        self._values[PLACES[name][labels]] += amount

    def _set(self, name: str, *labels: str, value: float) -> None:
        self._values[PLACES[name][labels]] = value

    def _time(
        self, name: str, edges: tuple[float, ...], duration_s: float, *labels: str
    ) -> None:
        self._observe(PLACES[name][labels], edges, duration_s)

    def _observe(self, place: int, edges: tuple[float, ...], duration_s: float) -> None:
        self._values[place + bisect_left(edges, duration_s)] += 1
        self._values[place + len(edges) + 1] += duration_s


def attach_metrics(path: Path, worker: int) -> Metrics:
    """The numbers of one worker, in the file the parent made.

    Counters go on where the worker before stopped; gauges begin at 0.

    Raises:
        LayoutError: The parent runs another version; it must be restarted.
    """
    store = attach_store(path)
    store.reset_gauges(worker)
    return Metrics(store.slices[worker])


def _places(name: str) -> dict[str, int]:
    """The places of a metric with one label, by that label alone."""
    return {value: place for (value,), place in PLACES[name].items()}


def _lookup_places() -> dict[Labels, int]:
    """The place of each lookup, whichever source an unsourced outcome names."""
    places = dict(PLACES["tracuu_lookups_total"])
    for outcome, source, channel in product(UNSOURCED, SOURCES, CHANNELS):
        places[outcome, source, channel] = places[outcome, "none", channel]
    return places
