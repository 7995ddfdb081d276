"""Every metric: name, meaning, labels with all their values, and edges.

Closed on purpose: each series stands here, exists at 0 from the first scrape, and no
label can ever hold what a caller sent.
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal

from lookup.codes import RESULTS, Outcome
from lookup.objectives import LATENCY_HIT_OBJECTIVE_S, LATENCY_MISS_OBJECTIVE_S

Kind = Literal["counter", "gauge", "histogram"]

Across = Literal["sum", "min", "max", "each"]
"""How the values of several workers become one; ``each`` keeps them apart."""

Labels = tuple[str, ...]

OTHER = "other"
"""Where values of a list that is not ours are counted: routes, queries, problems."""

CHANNELS = ("api", "page", "vss", "fhir", "batch", "cli", "loadtest")

SOURCES = ("memory", "redis", "population", "gateway")

HTTP_ROUTES = (
    ("POST", "/v1/lookups"),
    ("POST", "/v1/lookups/batch"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/"),
    (OTHER, OTHER),
)

GATEWAY_ROUTES = ("/api/token/take", "/api/egw/{function}", "/api/egw/{history}")
"""The insurer's protocol, by POST; it says everything with 200."""

PROBLEM_CODES = (
    *("audit_unavailable", "body_too_large", "body_too_slow", "deadline_exceeded"),
    *("internal", "invalid_request", "media_type_unsupported", "method_not_allowed"),
    *("not_acceptable", "not_allowed", "not_authenticated", "officer_name_differs"),
    *("officer_unknown", "route_unknown", "source_unavailable", OTHER),
)

QUERIES = ("coverage", "health", "changes", "audit", "clients", OTHER)

LOOKUP_EDGES_S = (
    *(0.001, 0.0025, 0.005, LATENCY_HIT_OBJECTIVE_S),
    *(0.025, LATENCY_MISS_OBJECTIVE_S, 0.1, 0.25, 0.5, 1.0),
)

CALL_EDGES_S = (0.001, 0.005, 0.025, 0.1, 0.3)
"""For queries and other short calls; the last one is their usual time limit."""

LAG_EDGES_S = (0.01, 0.1, 0.5, 1.0, 5.0, 60.0)
"""For changes (promised within 1 s)."""

_FACETS = ("coverage", "health")


@dataclass(frozen=True, slots=True)
class MetricRow:
    """One metric and all its series."""

    name: str
    meaning: str
    kind: Kind
    labels: Labels = ()
    series: tuple[Labels, ...] = ((),)
    edges: tuple[float, ...] = ()
    """Upper edges of a histogram's buckets, without the infinite one."""

    across: Across = "sum"

    @property
    def width(self) -> int:
        """Numbers that one series keeps: buckets with the infinite one, and a sum."""
        return len(self.edges) + 2 if self.kind == "histogram" else 1


def _counter(
    name: str, meaning: str, labels: Labels = (), *values: Labels
) -> MetricRow:
    return MetricRow(name, meaning, "counter", labels, tuple(product(*values)))


def _gauge(name: str, meaning: str, *, across: Across = "sum") -> MetricRow:
    return MetricRow(name, meaning, "gauge", across=across)


def _histogram(
    name: str,
    meaning: str,
    *,
    edges: tuple[float, ...],
    label: str | None = None,
    values: Labels = (),
) -> MetricRow:
    series = tuple((value,) for value in values) or ((),)
    labels = () if label is None else (label,)
    return MetricRow(name, meaning, "histogram", labels, series, edges)


UNSOURCED = frozenset({Outcome.REFUSED, Outcome.UNAVAILABLE})
"""Outcomes behind which no record and so no source stands: counted under none."""

_LOOKUP_SERIES = tuple(
    (outcome.value, source, channel)
    for outcome in Outcome
    for source in (("none",) if outcome in UNSOURCED else SOURCES)
    for channel in CHANNELS
)

CATALOGUE = (
    MetricRow(
        "tracuu_lookups_total",
        "Lookups answered, by outcome, source of the record and channel.",
        "counter",
        ("outcome", "source", "channel"),
        _LOOKUP_SERIES,
    ),
    _counter(
        "tracuu_results_total", "Lookups by result code.", ("code",), tuple(RESULTS)
    ),
    _counter(
        "tracuu_stale_answers_total",
        "Lookups answered with a record past its fresh time.",
        ("channel",),
        CHANNELS,
    ),
    _histogram(
        "tracuu_lookup_duration_seconds",
        "Time from request to result.",
        edges=LOOKUP_EDGES_S,
        label="source",
        values=(*SOURCES, "none"),
    ),
    _gauge("tracuu_lookups_in_flight", "Lookups being answered."),
    MetricRow(
        "tracuu_http_requests_total",
        "HTTP requests by route template and class of status.",
        "counter",
        ("method", "route", "status"),
        (
            *((*r, s) for r in HTTP_ROUTES for s in ("2xx", "3xx", "4xx", "5xx")),
            *(("POST", route, "2xx") for route in GATEWAY_ROUTES),
        ),
    ),
    _histogram(
        "tracuu_http_request_duration_seconds",
        "Time from the whole head of a request to its answer.",
        edges=LOOKUP_EDGES_S,
    ),
    _counter(
        "tracuu_problems_total",
        "Requests that failed, by problem, in whichever dialect.",
        ("code",),
        PROBLEM_CODES,
    ),
    _counter(
        "tracuu_cache_reads_total",
        "Reads of a cache tier; skipped: its breaker was open.",
        ("tier", "facet", "result"),
        ("memory", "redis"),
        _FACETS,
        ("hit", "stale", "miss", "unreadable", "error", "skipped"),
    ),
    _counter(
        "tracuu_cache_writes_total",
        "Writes to a cache tier; refused: something newer was there.",
        ("tier", "result"),
        ("memory", "redis"),
        ("stored", "refused", "error", "dropped"),
    ),
    _counter("tracuu_cache_evictions_total", "Entries pushed out of memory."),
    _gauge("tracuu_cache_entries", "Entries kept in the memory of all workers."),
    _gauge("tracuu_cache_bytes", "Bytes of those entries."),
    _counter(
        "tracuu_cache_refreshes_total",
        "Entries loaded again before they expired.",
        ("facet",),
        _FACETS,
    ),
    _counter(
        "tracuu_loads_joined_total",
        "Loads spared because the same record was already being loaded.",
        ("facet",),
        _FACETS,
    ),
    _counter(
        "tracuu_source_requests_total",
        "Questions to a source; refused: bulkhead full or breaker open.",
        ("source", "result"),
        ("population", "gateway"),
        ("found", "nobody", "unavailable", "late", "refused"),
    ),
    _histogram(
        "tracuu_source_duration_seconds",
        "Time a source took.",
        edges=LOOKUP_EDGES_S,
        label="source",
        values=("population", "gateway"),
    ),
    _counter(
        "tracuu_gateway_faults_total",
        "Failed questions to the gateway; ours: our account, officer or request.",
        ("whose",),
        ("ours", "theirs"),
    ),
    _counter(
        "tracuu_gateway_contract_changes_total",
        "Answers of the gateway that are not as its annex says.",
        ("change",),
        ("code_unknown", "field_empty", "field_malformed"),
    ),
    _histogram(
        "tracuu_query_duration_seconds",
        "Time of a database query, by its name.",
        edges=CALL_EDGES_S,
        label="query",
        values=QUERIES,
    ),
    MetricRow(
        "tracuu_pool_connections",
        "Database connections for lookups; waiting: lookups without one.",
        "gauge",
        ("state",),
        (("in_use",), ("idle",), ("waiting",)),
    ),
    MetricRow(
        "tracuu_breaker_state",
        "0 closed, 1 half open, 2 open; the worst of all workers.",
        "gauge",
        ("target",),
        (("population",), ("gateway",), ("redis",)),
        across="max",
    ),
    _counter(
        "tracuu_changes_applied_total",
        "Changes of the population that reached a worker.",
        ("facet",),
        _FACETS,
    ),
    _histogram(
        "tracuu_change_lag_seconds",
        "Time from a change in the database until a worker knew of it.",
        edges=LAG_EDGES_S,
    ),
    _gauge(
        "tracuu_change_lag_last_seconds",
        "The same for the last change; the worst of all workers.",
        across="max",
    ),
    _gauge(
        "tracuu_listener_connected",
        "1 while every worker hears of changes.",
        across="min",
    ),
    _counter("tracuu_audit_entries_total", "Audit entries written to disk."),
    _counter("tracuu_audit_lost_total", "Audit entries that could not be written."),
    _counter("tracuu_audit_degraded_total", "Lookups answered, to be written later."),
    _gauge("tracuu_audit_queue", "Audit lines on disk that are not in the database."),
    _histogram(
        "tracuu_audit_duration_seconds",
        "Time until a group of audit entries was on disk.",
        edges=CALL_EDGES_S,
    ),
    _gauge("tracuu_clients", "Clients whose key is known.", across="max"),
    _histogram(
        "tracuu_loop_lag_seconds",
        "How late the event loop was.",
        edges=CALL_EDGES_S,
    ),
    MetricRow(
        "tracuu_worker_resident_bytes",
        "Memory of each worker.",
        "gauge",
        ("worker",),
        across="each",
    ),
    _gauge("tracuu_worker_files", "Open files of the worker with most.", across="max"),
    _gauge("tracuu_worker_tasks", "Tasks of the worker with most.", across="max"),
    MetricRow(
        "tracuu_workers",
        "Workers that are configured, that run, and that answer.",
        "gauge",
        ("state",),
        (("configured",), ("running",), ("serving",)),
    ),
    _counter("tracuu_worker_restarts_total", "Dead workers that were replaced."),
)
"""Every metric that a worker or the parent moves."""
