"""The generator's reading of answers."""

import pytest

from loadtests.bench.connections import UnreadableError, fault_of, is_whole
from loadtests.bench.generator import arrivals
from loadtests.bench.plain import KEPT, uncounted
from loadtests.bench.processes import _parsed
from lookup.metrics import Metrics
from tests.support.bench import BODY, an_answer


def test_answer_is_whole_at_its_last_byte_and_not_before():
    answer = an_answer()

    assert is_whole(answer)
    assert not any(is_whole(answer[:end]) for end in range(len(answer)))


@pytest.mark.parametrize(
    "received",
    [an_answer() + b"H", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"],
)
def test_answer_that_cannot_be_measured_is_an_error(received):
    with pytest.raises(UnreadableError):
        is_whole(received)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (an_answer(), None),
        (an_answer(status="503 Service Unavailable"), "status 503"),
        (an_answer(body=b'{"code":"050"}'), "expected content 0 is missing"),
    ],
)
def test_answer_is_judged_by_status_and_content(answer, fault):
    assert fault_of(answer, (BODY,)) == fault


def test_arrivals_have_their_rate_and_are_always_the_same():
    moments = list(arrivals(1_000, 5.0, 15.0))

    assert moments == list(arrivals(1_000, 5.0, 15.0))
    assert 9_500 < len(moments) < 10_500
    assert 5.0 < moments[0] < moments[-1] < 15.0


def test_program_with_brackets_in_its_name_is_read_rightly():
    stat = f"7 (a) (b) S 3 {' '.join(['0'] * 9)} 150 50 0 0"

    parent, cpu_s = _parsed(stat)

    assert parent == 3
    assert cpu_s == pytest.approx(2.0)


@pytest.mark.parametrize(("take_out", "counted"), [(uncounted, 0), (lambda m: m, 1)])
def test_metrics_that_are_taken_out_count_nothing(take_out, counted):
    metrics = take_out(Metrics.in_memory())

    metrics.lookup_started()
    metrics.worker_serving(serving=True)

    assert metrics.read("tracuu_lookups_in_flight") == counted
    assert KEPT == "worker_serving"
    assert metrics.read("tracuu_workers", "serving") == 1
