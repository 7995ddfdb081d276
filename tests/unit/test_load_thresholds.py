"""When a load test is passed, and what its summary says."""

from collections import Counter

import pytest

from loadtests.load.morning import Kind, Morning
from loadtests.load.people import People
from loadtests.load.profiles import chosen
from loadtests.load.run import Run, judged_name
from loadtests.load.summary import one_line, page, progress
from loadtests.load.tally import FaultKind, Tally, together
from loadtests.load.target import LoadError, given_target
from loadtests.load.thresholds import Exit, Limits, check, verdict
from tests.support.load import a_person, a_tally, measured

LIMITS = Limits(p95_ms=50, p99_ms=100, slowest_ms=1_000)

WRONG = Counter({FaultKind.WRONG: 1})


class Times:
    """Response times as Locust would keep them."""

    def __init__(self, p95_ms, fail_ratio=0.0):
        self.max_response_time = 2 * p95_ms
        self.fail_ratio = fail_ratio
        self._p95_ms = p95_ms

    def get_response_time_percentile(self, percent):
        return self._p95_ms if percent == 0.95 else 1.5 * self._p95_ms


def a_run(name="stress", **changes):
    profile = chosen(name, **changes)
    return Run(profile, Morning(People("2026-11-25", (a_person(),)), profile))


def steps(run, *p95_ms, **fields):
    return {
        judged_name(run.profile, stage=n): Times(each, **fields)
        for n, each in enumerate(p95_ms)
    }


@pytest.mark.parametrize(
    ("fields", "exit_code"),
    [
        ({}, Exit.PASSED),
        ({"p95_ms": 51.0}, Exit.MISSED),
        ({"p99_ms": 101.0}, Exit.MISSED),
        ({"slowest_ms": 1_001.0}, Exit.MISSED),
        ({"tally": a_tally(faults=WRONG)}, Exit.ERRORS),
        ({"tally": a_tally(crowded=1)}, Exit.ERRORS),
        ({"sent": 979}, Exit.VOID),
        ({"sent": 980}, Exit.PASSED),
        ({"sent": 900, "tally": a_tally(crowded=100)}, Exit.ERRORS),
        ({"scheduled": 0}, Exit.VOID),
        ({"tally": a_tally(cpu_share=0.91)}, Exit.VOID),
        # Several reasons: void before errors, errors before a missed threshold.
        ({"p95_ms": 51.0, "tally": a_tally(faults=WRONG)}, Exit.ERRORS),
        ({"sent": 1, "p95_ms": 51.0, "tally": a_tally(faults=WRONG)}, Exit.VOID),
    ],
)
def test_exit_code_tells_the_gravest_reason(fields, exit_code):
    assert verdict(check(LIMITS, measured(**fields))) == exit_code


@pytest.mark.parametrize(
    ("knee_per_s", "faults", "exit_code"),
    [
        (100.0, Counter(), Exit.PASSED),
        (99.0, Counter(), Exit.MISSED),
        (100.0, Counter({FaultKind.REFUSED: 9, FaultKind.UNANSWERED: 9}), Exit.PASSED),
        (100.0, WRONG, Exit.ERRORS),
    ],
)
def test_beyond_the_knee_a_service_may_refuse_but_not_be_wrong(
    knee_per_s, faults, exit_code
):
    run = measured(knee_per_s=knee_per_s, p95_ms=900.0, tally=a_tally(faults=faults))

    assert verdict(check(Limits(p95_ms=50, knee_per_s=100), run)) == exit_code


def test_tallies_add_up_after_their_journey_between_processes():
    one = a_tally(late=2, limited=1, cpu_share=0.5, is_finished=True, faults=WRONG)
    other = a_tally(cpu_share=0.7, codes=Counter({"000": 9}))

    whole = together([Tally.unpacked(each.packed()) for each in (one, other)])

    assert (whole.sent.total(), whole.late.total(), whole.limited) == (2_000, 2, 1)
    assert (whole.cpu_share, whole.is_finished) == (0.7, False)
    assert (whole.codes, whole.faults) == (Counter({"000": 9}), WRONG)


def test_steps_are_judged_in_turn_until_one_breaks():
    run = a_run(rate_per_s=100, minutes=20)
    times = steps(run, 10, 20, 51, 10)

    run.judge_steps(63.0, times)
    before = (run.judged, run.is_over(63.0))
    run.judge_steps(300.0, times)

    assert before == (0, False)
    assert run.knee_per_s == 125
    assert run.is_over(300.0)


@pytest.mark.parametrize(
    ("p95_ms", "fail_ratio", "judged"),
    [((10,), 0.0, 1), ((10,), 0.02, 0), ((), 0.0, 0)],
)
def test_step_without_answers_does_not_hold(p95_ms, fail_ratio, judged):
    run = a_run(minutes=20)

    run.judge_steps(64.0, steps(run, *p95_ms, fail_ratio=fail_ratio))

    assert run.judged == judged


def test_figures_of_steps_end_with_the_one_that_broke():
    run = a_run(rate_per_s=100, minutes=20)
    sent = Counter({"0": 6_000, "1": 7_500, "2": 9_000, "3": 100})
    run.tallies["local"] = Tally(sent=sent, late=Counter({"2": 3, "3": 50}))
    times = steps(run, 10, 20, 51)
    run.judge_steps(190.0, times)

    found = run.measured(190.0, times)

    assert found.sent == 22_497
    assert found.scheduled == run.morning.scheduled(180.0)
    assert (found.p95_ms, found.knee_per_s) == (20, 125)


def test_run_is_over_when_every_process_has_finished():
    run = a_run("smoke")
    no_process = run.is_over(31.0)
    run.tallies = {"a": a_tally(is_finished=True), "b": a_tally()}
    one_of_two = run.is_over(31.0)
    run.tallies["b"].is_finished = True

    assert (no_process, one_of_two) == (False, False)
    assert run.is_over(31.0)
    assert not run.is_over(29.0)


@pytest.mark.parametrize(("elapsed_s", "is_over"), [(59.0, False), (60.0, True)])
def test_process_that_is_gone_is_not_waited_for(elapsed_s, is_over):
    run = a_run("smoke")
    run.tallies = {"a": a_tally(is_finished=True), "gone": a_tally()}

    assert run.is_over(elapsed_s) == is_over


def test_batches_are_judged_by_a_name_of_their_own():
    profile = chosen("smoke")

    names = {judged_name(profile, stage=0, kind=kind) for kind in Kind}

    assert names == {"lookups (from intended time)", "batch (from intended time)"}


def test_summary_tells_what_was_missed_and_why():
    run = a_run("smoke")
    run.tallies["local"] = a_tally(codes=Counter({"000": 3, "050": 1}), faults=WRONG)
    found = measured(p99_ms=120.0, tally=run.tally)
    checks = check(LIMITS, found)

    text = page(run, found, checks)

    assert text.startswith("# Load test smoke: errors: ")
    assert "| p99 | 120 ms | at most 100 ms | missed |" in text
    assert "| 000 | 3 | 75.00% |" in text
    assert "| wrong | 1 |  |" in text
    assert "p99 120 ms, wanted at most 100 ms" in one_line(checks)
    assert "sent 1,000" in progress(run, 3.0)


def test_summary_of_steps_tells_the_knee():
    run = a_run()

    text = page(run, measured(knee_per_s=488.3), [])

    assert "# Load test stress: passed" in text
    assert "- knee: 488 requests/s" in text


@pytest.mark.parametrize("missing", ["TRACUU_API_KEY", "TRACUU_DATABASE_URL"])
def test_running_service_needs_a_key_and_its_people(missing):
    environ = {"TRACUU_API_KEY": "k", "TRACUU_DATABASE_URL": "postgresql://x"}

    target = given_target("http://x/", environ)
    with pytest.raises(LoadError) as raised:
        given_target("http://x/", {**environ, missing: ""})

    assert target.url == "http://x"
    assert raised.value.exit_code == Exit.VOID
