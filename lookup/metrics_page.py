"""The metrics as Prometheus reads them: the numbers of all processes added up."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from lookup.codes import ANSWERED_OBJECTIVE, SUCCESS_OBJECTIVE
from lookup.metrics_catalogue import CATALOGUE, MetricRow
from lookup.metrics_store import PLACES, MetricsStore
from lookup.objectives import LATENCY_HIT_OBJECTIVE_S, LATENCY_MISS_OBJECTIVE_S


@dataclass(frozen=True, slots=True)
class Build:
    """Which code runs."""

    version: str
    revision: str
    """Commit, or empty where it is not known."""


class _Page(Collector):
    def __init__(self, store: MetricsStore, build: Build) -> None:
        self._store = store
        self._build = build

    def collect(self) -> Iterator[Metric]:
        yield from _constants(self._build)
        for row in CATALOGUE:
            yield self._family(row)

    def _family(self, row: MetricRow) -> Metric:
        if row.kind == "histogram":
            return self._histogram(row)
        if row.across == "each":
            return self._each(row)
        cls = CounterMetricFamily if row.kind == "counter" else GaugeMetricFamily
        family = cls(row.name, row.meaning, labels=row.labels)
        for labels, place in PLACES[row.name].items():
            family.add_metric(labels, self._store.read(place, row.across))
        return family

    def _each(self, row: MetricRow) -> Metric:
        family = GaugeMetricFamily(row.name, row.meaning, labels=row.labels)
        place = PLACES[row.name][()]
        for worker, values in enumerate(self._store.slices[:-1]):
            family.add_metric((str(worker),), values[place])
        return family

    def _histogram(self, row: MetricRow) -> Metric:
        """Numbers stand per bucket; Prometheus wants them piled up."""
        family = HistogramMetricFamily(row.name, row.meaning, labels=row.labels)
        for labels, place in PLACES[row.name].items():
            pile, buckets = 0.0, []
            for number, edge in enumerate([*map(str, row.edges), "+Inf"]):
                pile += self._store.read(place + number)
                buckets.append((edge, pile))
            total = self._store.read(place + row.width - 1)
            family.add_metric(labels, buckets, total)
        return family


def open_registry(store: MetricsStore, build: Build) -> CollectorRegistry:
    """A registry that reads the store at each scrape, and the parent's process."""
    registry = CollectorRegistry()
    registry.register(_Page(store, build))
    ProcessCollector(registry=registry)
    return registry


def _constants(build: Build) -> Iterator[Metric]:
    yield _objectives(
        "tracuu_slo_objective_ratio",
        "Least share that is promised.",
        lookup_success=SUCCESS_OBJECTIVE,
        lookup_answered=ANSWERED_OBJECTIVE,
    )
    yield _objectives(
        "tracuu_slo_objective_seconds",
        "Time in which 95 of 100 lookups are promised to be answered.",
        lookup_latency_hit=LATENCY_HIT_OBJECTIVE_S,
        lookup_latency_miss=LATENCY_MISS_OBJECTIVE_S,
    )
    info = GaugeMetricFamily(
        "tracuu_build_info", "Always 1.", labels=("version", "revision", "python")
    )
    running = (build.version, build.revision, platform.python_version())
    info.add_metric(running, 1)
    yield info


def _objectives(name: str, meaning: str, **values: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=("slo",))
    for slo, value in values.items():
        family.add_metric((slo,), value)
    return family
