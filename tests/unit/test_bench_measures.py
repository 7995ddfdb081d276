"""The figures of the bench, by hand."""

import pytest

from loadtests.bench.measures import FIGURES, Figure, median_of, percentile, percentiles
from tests.support.bench import a_window, costing

MEMORY = next(each for each in FIGURES if each.divisor == "memory")


@pytest.mark.parametrize(
    ("percent", "value"),
    [(1, 1), (50, 50), (90, 90), (99, 99), (99.5, 100), (100, 100)],
)
def test_percentile_is_a_value_that_was_measured(percent, value):
    assert percentile(range(1, 101), percent) == value


def test_percentiles_need_no_order_and_name_the_slowest():
    found = percentiles([30.0, 10.0, 20.0])

    assert found[50.0] == 20.0
    assert found[100.0] == 30.0


def test_nothing_measured_has_no_percentiles():
    assert percentiles([]) == {}


def test_cpu_is_that_of_all_processes_of_a_part():
    window = a_window(cpu_s={"service": {1: 0.02, 2: 0.03}, "redis": {3: 0.01}})

    assert window.cpu_us() == pytest.approx(50)
    assert window.cpu_us("redis") == pytest.approx(10)
    assert window.cpu_us("postgres") == 0


def test_shares_tell_how_uneven_workers_are():
    window = a_window(cpu_s={"service": {1: 0.01, 2: 0.03}})

    assert window.shares() == [0.75, 0.25]


def test_idle_service_has_no_shares():
    assert a_window(cpu_s={"service": {1: 0.0}}).shares() == []


def test_figure_is_the_median_of_ratios_not_the_ratio_of_medians():
    """In each round the machine has another speed, and both rows have it."""
    rounds = [
        {"bare": costing(40), "memory": costing(50)},
        {"bare": costing(80), "memory": costing(100)},
        {"bare": costing(20), "memory": costing(400)},
    ]

    assert MEMORY.value(rounds) == pytest.approx(0.8)


@pytest.mark.parametrize("others", [{}, {"memory": costing(0)}])
def test_figure_without_both_rows_has_no_value(others):
    assert MEMORY.value([{"bare": costing(40), **others}]) is None


def test_share_is_what_the_lesser_row_saves():
    figure = Figure(
        name="share", dividend="plain", divisor="memory", target=0.25, less_one=True
    )

    assert figure.value([{"plain": costing(45), "memory": costing(60)}]) == 0.25


def test_latency_figure_compares_the_99th_percentiles():
    figure = Figure(
        name="p99", dividend="large", divisor="small", target=1.2, of_latency=True
    )
    large = a_window(latencies_ms={99.0: 3.0})

    assert figure.value([{"large": large, "small": a_window()}]) == 1.5


@pytest.mark.parametrize(
    ("is_ceiling", "value", "is_met"),
    [
        (False, 0.75, True),
        (False, 0.74, False),
        (True, 0.75, True),
        (True, 0.76, False),
    ],
)
def test_target_itself_is_good_enough(is_ceiling, value, is_met):
    figure = Figure(
        name="x", dividend="a", divisor="b", target=0.75, is_ceiling=is_ceiling
    )

    assert figure.is_met(value) is is_met


def test_figure_is_told_with_its_bound():
    assert MEMORY.line(0.8) == "ratio memory-hit/bare-aiohttp 0.80 at least 0.75"


def test_median_window_is_one_that_was_measured():
    rounds = [{"bare": costing(us)} for us in (70, 40, 50)]

    assert median_of(rounds, "bare").cpu_us() == pytest.approx(50)


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({}, []),
        ({"wrong": {"status 503": 2}}, ["2 × status 503"]),
        ({"answers": 0}, ["no answer"]),
        ({"generator_cpu": 0.95}, []),
        (
            {"generator_cpu": 0.95, "scheduled": 1_000},
            ["the generator took 95% of a processor"],
        ),
    ],
)
def test_window_with_a_wrong_answer_or_a_slow_generator_counts_for_nothing(
    fields, faults
):
    assert a_window(**fields).faults == faults
