"""Whether a service that leaks is told from one that does not."""

from random import Random

import pytest

from loadtests.load.steadiness import Sample, check_steadiness, read_sample
from loadtests.load.summary import held_page
from loadtests.load.thresholds import Exit, verdict

MB = 2**20

PAGE = """
tracuu_worker_resident_bytes{worker="0"} 9.1e+07
tracuu_worker_resident_bytes{worker="1"} 8e+07
# HELP tracuu_worker_files Open files.
tracuu_worker_files 40.0
tracuu_worker_tasks 30.0
tracuu_workers{state="serving"} 2.0
tracuu_worker_restarts_total 1.0
"""


def half_an_hour(*, memory_per_s=0.0, files_per_s=0.0, tasks_per_s=0.0, restarts=0):
    """Samples of a service at work, whose caches are full after some minutes."""
    random = Random(5)

    def filled(at_s):
        return 90 * MB + min(1.0, at_s / 600) * 64 * MB + random.gauss(0, MB / 4)

    return [
        Sample(
            at_s,
            (filled(at_s), filled(at_s) + memory_per_s * at_s),
            files=round(random.gauss(80, 5) + files_per_s * at_s),
            tasks=round(random.gauss(60, 5) + tasks_per_s * at_s),
            restarts=3 + restarts * (at_s > 1_200),
        )
        for at_s in range(0, 1_800, 5)
    ]


@pytest.mark.parametrize(
    ("leak", "missed"),
    [
        ({}, set()),
        ({"memory_per_s": 100 * 50}, {"memory of the worker that grows most"}),
        ({"files_per_s": 100 / 5_000}, {"open files"}),
        ({"tasks_per_s": 100 / 5_000}, {"tasks"}),
        ({"restarts": 1}, {"workers replaced"}),
    ],
)
def test_a_leak_at_a_hundred_lookups_a_second_is_told(leak, missed):
    """50 bytes of each lookup; a file or a task of one in 5,000."""
    checks = check_steadiness(half_an_hour(**leak))

    assert {check.name for check in checks if not check.is_met} == missed
    assert verdict(checks) == (Exit.MISSED if missed else Exit.PASSED)


def test_a_run_without_samples_says_nothing():
    assert verdict(check_steadiness(half_an_hour()[:8])) == Exit.VOID


def test_a_sample_is_read_from_the_metrics():
    wanted = Sample(7.0, [9.1e7, 8e7], files=40, tasks=30, restarts=1)

    assert read_sample(PAGE, 7.0) == wanted


def test_what_is_held_stands_in_the_summary():
    text = held_page(check_steadiness(half_an_hour(files_per_s=1)))

    assert "## The service: missed: a threshold was not met" in text
    assert "| workers replaced | 0 | none | met |" in text
