import mmap
import re
from itertools import product

import pytest
from prometheus_client import generate_latest
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families

from lookup.codes import COUNTS_AS, RESULTS, Outcome
from lookup.metrics import Metrics, attach_metrics
from lookup.metrics_catalogue import CATALOGUE, CHANNELS, PROBLEM_CODES, SOURCES
from lookup.metrics_page import Build, open_registry
from lookup.metrics_store import (
    PLACES,
    SLICE_LENGTH,
    LayoutError,
    MetricsStore,
    create_store,
    memory_store,
)
from lookup.objectives import ANSWERED_RATE_PROMQL, SUCCESS_RATE_PROMQL
from lookup.web.problems import PROBLEMS

BUILD = Build("1.2.3", "abc")
MEMORY_HIT = {
    "outcome": Outcome.ACTIVE,
    "code": "000",
    "source": "memory",
    "channel": "api",
    "duration_s": 0.01,
}


@pytest.fixture
def store():
    return memory_store()


@pytest.fixture
def metrics(store):
    return Metrics(store.slices[0])


def scraped(store, name=None):
    """All samples of a scrape by name and labels; of one metric by its labels."""
    text = generate_latest(open_registry(store, BUILD)).decode()
    return {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if name is None or sample.name == name
    }


def test_there_are_few_series(store):
    assert len(scraped(store)) <= 500


def test_every_series_exists_at_zero_before_anything_happens(store):
    own = {
        key: value
        for key, value in scraped(store).items()
        if re.match(r"tracuu_(?!slo_|build_)", key[0])
    }

    assert set(own.values()) == {0}
    for outcome in Outcome:
        assert any(outcome in key for key in own if key[0] == "tracuu_lookups_total")
    assert {key[1] for key in own if key[0] == "tracuu_results_total"} == set(RESULTS)


def test_objectives_and_build_are_shown(store):
    shown = scraped(store)

    assert shown["tracuu_slo_objective_ratio", "lookup_success"] == 0.86
    assert shown["tracuu_slo_objective_ratio", "lookup_answered"] == 0.995
    assert shown["tracuu_slo_objective_seconds", "lookup_latency_hit"] == 0.01
    assert any(key[0] == "tracuu_build_info" and "1.2.3" in key for key in shown)


def test_objectives_are_edges_of_the_latency_histogram(store):
    edges = {
        float(label)
        for key in scraped(store, "tracuu_lookup_duration_seconds_bucket")
        for label in key[1:]
        if label[0].isdigit()
    }

    assert {0.01, 0.05} <= edges


def test_page_can_be_read_as_openmetrics(store, metrics):
    metrics.lookup_answered(**MEMORY_HIT)

    text = openmetrics.generate_latest(open_registry(store, BUILD)).decode()

    assert list(openmetrics_parser.text_string_to_metric_families(text))


def test_names_follow_the_conventions():
    for row in CATALOGUE:
        assert re.fullmatch(r"tracuu_[a-z]+(_[a-z]+)*", row.name)
        assert row.name.endswith("_total") == (row.kind == "counter")
        assert row.name.endswith("_seconds") or row.kind != "histogram"
        assert row.meaning.endswith(".")


def test_no_label_can_hold_what_a_caller_sent():
    values = {value for row in CATALOGUE for labels in row.series for value in labels}

    assert not {value for value in values if re.search(r"\d{4}", value)}
    for row in CATALOGUE:
        assert all(len(labels) == len(row.labels) for labels in row.series) or (
            row.across == "each"
        )


def test_a_lookup_is_counted_once_each_way(store, metrics):
    metrics.lookup_answered(**MEMORY_HIT)

    moved = {key: value for key, value in scraped(store).items() if value == 1}
    assert ("tracuu_lookups_total", "active", "api", "memory") in moved
    assert ("tracuu_results_total", "000") in moved
    assert ("tracuu_lookup_duration_seconds_count", "memory") in moved


def test_durations_are_piled_up_in_buckets(store, metrics):
    for duration_s in (0.01, 0.011, 7.0):
        metrics.lookup_answered(**{**MEMORY_HIT, "duration_s": duration_s})

    piles = scraped(store, "tracuu_lookup_duration_seconds_bucket")
    name = "tracuu_lookup_duration_seconds"
    assert piles[f"{name}_bucket", "0.005", "memory"] == 0
    assert piles[f"{name}_bucket", "0.01", "memory"] == 1
    assert piles[f"{name}_bucket", "0.025", "memory"] == 2
    assert piles[f"{name}_bucket", "+Inf", "memory"] == 3
    assert scraped(store)[f"{name}_sum", "memory"] == pytest.approx(7.021)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_lookup_finds_its_series(outcome, store, metrics):
    asked = 0
    for source, channel in product(SOURCES, CHANNELS):
        given = {"outcome": outcome, "source": source, "channel": channel}
        metrics.lookup_answered(**{**MEMORY_HIT, **given})
        asked += 1

    assert sum(scraped(store, "tracuu_lookups_total").values()) == asked


def test_label_outside_its_list_is_a_defect(metrics):
    with pytest.raises(KeyError):
        metrics.lookup_answered(**{**MEMORY_HIT, "channel": "079012345678"})


def test_names_of_others_that_are_not_known_are_counted_together(store, metrics):
    metrics.http_answered(
        method="BREW", route="/079012345678", status=404, duration_s=0.1
    )
    metrics.problem_answered("new_problem")
    metrics.query_timed("new_query", 0.1)

    shown = scraped(store)
    assert shown["tracuu_http_requests_total", "4xx", "other", "other"] == 1
    assert shown["tracuu_problems_total", "other"] == 1
    assert shown["tracuu_query_duration_seconds_count", "other"] == 1


def test_request_is_counted_under_its_route(store, metrics):
    metrics.http_answered(
        method="POST", route="/v1/lookups", status=200, duration_s=0.1
    )

    name = "tracuu_http_requests_total"
    assert scraped(store)[name, "/v1/lookups", "2xx", "POST"] == 1


def test_every_problem_has_its_series():
    assert set(PROBLEMS) <= set(PROBLEM_CODES)


HELD = {"resident_bytes": 9, "files": 8, "tasks": 7}

EVENTS = [
    ("lookup_started", {}, "tracuu_lookups_in_flight", 1),
    ("stale_answered", {"channel": "api"}, "tracuu_stale_answers_total", 1),
    (
        "cache_read",
        {"tier": "redis", "facet": "health", "result": "hit"},
        "tracuu_cache_reads_total",
        1,
    ),
    (
        "cache_written",
        {"tier": "redis", "result": "stored"},
        "tracuu_cache_writes_total",
        1,
    ),
    ("cache_evicted", {"count": 3}, "tracuu_cache_evictions_total", 3),
    ("cache_sized", {"entries": 2, "size_bytes": 9}, "tracuu_cache_bytes", 9),
    ("cache_refreshed", {"facet": "health"}, "tracuu_cache_refreshes_total", 1),
    ("load_joined", {"facet": "health"}, "tracuu_loads_joined_total", 1),
    (
        "source_asked",
        {"source": "gateway", "facet": "health", "result": "late", "duration_s": 1},
        "tracuu_source_requests_total",
        1,
    ),
    (
        "pool_sized",
        {"in_use": 1, "idle": 2, "waiting": 4},
        "tracuu_pool_connections",
        7,
    ),
    ("breaker_moved", {"target": "redis", "state": "open"}, "tracuu_breaker_state", 2),
    (
        "change_applied",
        {"facet": "health", "lag_s": 0.5},
        "tracuu_change_lag_last_seconds",
        0.5,
    ),
    ("listener_connected", {"connected": True}, "tracuu_listener_connected", 1),
    (
        "audit_written",
        {"entries": 5, "duration_s": 0.1},
        "tracuu_audit_entries_total",
        5,
    ),
    ("audit_lost", {"entries": 5}, "tracuu_audit_lost_total", 5),
    ("audit_queued", {"entries": 5}, "tracuu_audit_queue", 5),
    ("audit_degraded", {}, "tracuu_audit_degraded_total", 1),
    ("clients_loaded", {"count": 4}, "tracuu_clients", 4),
    ("loop_lagged", {"lag_s": 0.1}, "tracuu_loop_lag_seconds_count", 1),
    ("worker_measured", HELD, "tracuu_worker_resident_bytes", 9),
    ("worker_measured", HELD, "tracuu_worker_files", 8),
    ("worker_measured", HELD, "tracuu_worker_tasks", 7),
    ("worker_serving", {"serving": True}, "tracuu_workers", 1),
    ("workers_counted", {"configured": 2, "running": 1}, "tracuu_workers", 3),
    ("worker_restarted", {}, "tracuu_worker_restarts_total", 1),
]


@pytest.mark.parametrize("row", EVENTS)
def test_each_event_moves_its_metric(store, metrics, row):
    event, given, name, value = row

    getattr(metrics, event)(**given)

    assert sum(scraped(store, name).values()) == value


@pytest.mark.parametrize("case", [("late", 1), ("refused", 0)])
def test_source_that_was_not_asked_took_no_time(store, metrics, case):
    result, timed = case

    metrics.source_asked(
        source="gateway", facet="health", result=result, duration_s=0.0
    )

    assert scraped(store)["tracuu_source_duration_seconds_count", "gateway"] == timed


def test_lookup_that_ended_is_not_in_flight(metrics):
    metrics.lookup_started()
    metrics.lookup_ended()

    assert metrics.read("tracuu_lookups_in_flight") == 0


@pytest.mark.parametrize(
    ("series", "values", "shown"),
    [
        (("tracuu_lookups_in_flight",), (1, 2), 3),
        (("tracuu_breaker_state", "redis"), (0, 2), 2),
        (("tracuu_listener_connected",), (1, 0), 0),
        (("tracuu_listener_connected",), (1, 1), 1),
    ],
)
def test_workers_become_one_value(series, values, shown):
    store = MetricsStore(mmap.mmap(-1, 64 + 3 * 8 * SLICE_LENGTH), 3)
    name, *labels = series

    for worker, value in enumerate(values):
        store.slices[worker][PLACES[name][tuple(labels)]] = value

    assert store.value(*series) == shown


def test_successor_counts_on_and_begins_its_gauges_anew(tmp_path):
    path = tmp_path / "run" / "metrics"
    store = create_store(path, 2)
    dead = attach_metrics(path, 1)
    dead.lookup_answered(**MEMORY_HIT)
    dead.lookup_started()

    attach_metrics(path, 1).lookup_answered(**MEMORY_HIT)

    assert scraped(store)["tracuu_lookups_total", "active", "api", "memory"] == 2
    assert store.value("tracuu_lookups_in_flight") == 0


@pytest.mark.parametrize(("workers", "kept"), [(2, 1), (3, 0)])
def test_file_is_kept_while_it_fits(tmp_path, workers, kept):
    path = tmp_path / "metrics"
    Metrics(create_store(path, 2).parent).worker_restarted()

    store = create_store(path, workers)

    assert store.value("tracuu_worker_restarts_total") == kept


def test_worker_refuses_a_file_of_another_version(tmp_path):
    path = tmp_path / "metrics"
    create_store(path, 2)
    other = bytearray(path.read_bytes())
    other[10] ^= 1
    path.write_bytes(other)

    with pytest.raises(LayoutError, match="restart the whole service"):
        attach_metrics(path, 0)


def test_commands_count_in_memory():
    metrics = Metrics.in_memory()

    metrics.stale_answered("cli")

    assert metrics.read("tracuu_stale_answers_total", "cli") == 1


def test_numbers_are_aligned_so_that_none_is_read_in_half(store):
    assert all(values.itemsize == 8 for values in store.slices)
    assert len(store.slices[0]) == SLICE_LENGTH


def test_rates_follow_the_result_table():
    success, everything = re.findall(r'outcome=~"([^"]*)"', SUCCESS_RATE_PROMQL)
    unavailable, same = re.findall(r'outcome=~"([^"]*)"', ANSWERED_RATE_PROMQL)

    assert {COUNTS_AS[Outcome(o)] for o in success.split("|")} == {"success"}
    assert "refused" not in everything
    assert len(everything.split("|")) == len(Outcome) - 1
    assert (unavailable, same) == ("unavailable", everything)
    assert SUCCESS_RATE_PROMQL.count('channel!="loadtest"') == 2
