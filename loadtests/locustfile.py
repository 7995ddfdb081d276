"""Locust's side of a load test: its users, its schedule, its events.

Everything that can do without Locust stands elsewhere: Locust replaces the blocking
calls of the whole process at its import. ``loadtests.load`` starts this for you.
"""

import gc
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import gevent
import locust.stats
from gevent.event import Event
from locust import FastHttpUser, LoadTestShape, events, task
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment
from locust.runners import LocalRunner, MasterRunner, Runner, WorkerRunner
from locust.stats import RequestStats

from loadtests.load import answers, summary
from loadtests.load.answers import FaultError, Reply
from loadtests.load.morning import Arrival, Kind, Morning
from loadtests.load.open_loop import PLACES, OpenLoop
from loadtests.load.people import People, read_people
from loadtests.load.profiles import PROFILES, chosen
from loadtests.load.run import Run, Times, judged_name
from loadtests.load.tally import Tally
from loadtests.load.thresholds import check, verdict

TIMEOUT_S = 10.0
"""Nobody at a desk waits longer. Well above any deadline of the service."""

RETRY_AFTER_MAX_S = 5.0
"""Longest wait after a 429; it counts as time of the lookup."""

METHOD = "POST"

locust.stats.PERCENTILES_TO_CHART = [0.5, 0.95, 0.99]


@dataclass(slots=True)
class Now:
    """The test under way in this process. Global, as Locust's events are."""

    run: Run | None = None
    people: People | None = None
    tally: Tally = field(default_factory=Tally)
    """What this process itself has sent."""

    started_s: float = 0.0

    @property
    def elapsed_s(self) -> float:
        """Since the start of the schedule."""
        return time.perf_counter() - self.started_s


NOW = Now()


class Desks(FastHttpUser):
    """All desks of the province, or this process's share of them."""

    network_timeout = TIMEOUT_S
    connection_timeout = TIMEOUT_S
    concurrency = PLACES

    def __init__(self, environment: Environment) -> None:
        key = os.environ.get("TRACUU_API_KEY", "")
        self.default_headers = {**answers.HEADERS, "Authorization": f"Bearer {key}"}
        super().__init__(environment)

    @task
    def morning(self) -> None:
        """Send the whole schedule, then wait for the end of the test."""
        assert NOW.run
        runner, drivers = self.environment.runner, _options(self.environment).drivers
        number = runner.worker_index if isinstance(runner, WorkerRunner) else 0
        # What is there now stays; to look through it again and again makes pauses.
        gc.freeze()
        arrivals = NOW.run.morning.arrivals(index=number % drivers, processes=drivers)
        loop = OpenLoop(self._ask, NOW.tally)
        loop.run(arrivals, duration_s=NOW.run.profile.duration_s)
        Event().wait()

    def _ask(self, arrival: Arrival, due_s: float) -> None:
        assert NOW.run
        assert NOW.people
        body = answers.body_of(arrival, NOW.people.on)
        reply, fault = self._post(arrival, body)
        if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
            NOW.tally.limited += 1
            gevent.sleep(min(RETRY_AFTER_MAX_S, answers.retry_after_s(reply)))
            reply, fault = self._post(arrival, body)
        if fault is not None:
            NOW.tally.faults[fault.kind] += 1
        elif arrival.kind != Kind.BATCH:
            NOW.tally.codes[answers.code_of(reply)] += 1
        self.environment.events.request.fire(
            request_type=METHOD,
            name=judged_name(NOW.run.profile, stage=arrival.stage, kind=arrival.kind),
            response_time=1_000 * (time.perf_counter() - due_s),
            response_length=len(reply.body),
            exception=fault,
            context={},
        )

    def _post(self, arrival: Arrival, body: bytes) -> tuple[Reply, FaultError | None]:
        """Send it and hold the answer against what it must be."""
        path = answers.path_of(arrival)
        with self.client.post(
            path, data=body.decode(), name=arrival.kind, catch_response=True
        ) as response:
            reply = Reply(
                response.status_code, response.headers or {}, response.content or b""
            )
            try:
                answers.check(arrival, reply)
            except FaultError as fault:
                response.failure(fault)
                return reply, fault
            response.success()
            return reply, None


class Schedule(LoadTestShape):
    """One user in each process until everything is sent, or a step breaks."""

    def tick(self) -> tuple[int, float] | None:
        """Say how many users there are, None for the end; asked every second."""
        assert self.runner
        run, drivers = NOW.run, _processes(self.runner)
        if run is None:
            return drivers, drivers
        run.judge_steps(NOW.elapsed_s, _times(self.runner.stats))
        sys.stdout.write(f"\r{summary.progress(run, NOW.elapsed_s)}  ")
        sys.stdout.flush()
        return None if run.is_over(NOW.elapsed_s) else (drivers, drivers)


def add_arguments(parser: LocustArgumentParser) -> None:
    """Add what a load test is described by; the page in the browser asks for it."""
    parser.add_argument(
        "--load-profile",
        choices=list(PROFILES),
        default="smoke",
        env_var="LOAD_PROFILE",
        help="How many lookups come when",
    )
    parser.add_argument("--rate", type=float, default=0, help="Per second; 0: its own")
    parser.add_argument("--minutes", type=float, default=0, help="How long; 0: its own")
    for name, default, text in (
        ("--people", "people.json", "File of loadtests.load.draw"),
        ("--summary", "", "File for the summary"),
    ):
        parser.add_argument(name, default=default, include_in_web_ui=False, help=text)
    parser.add_argument("--drivers", type=int, default=1, include_in_web_ui=False)


def begin(environment: Environment, **_: Any) -> None:
    """Lay out the schedule; everybody who takes part does so alike."""
    options = _options(environment)
    assert environment.runner
    if not isinstance(environment.runner, WorkerRunner):
        # Goes to the workers with the other arguments.
        options.drivers = _processes(environment.runner)
    profile = chosen(
        options.load_profile, rate_per_s=options.rate, minutes=options.minutes
    )
    NOW.people = NOW.people or read_people(Path(options.people))
    NOW.run = Run(profile, Morning(NOW.people, profile))
    NOW.tally = Tally()
    NOW.started_s = time.perf_counter()
    if isinstance(environment.runner, LocalRunner):
        NOW.run.tallies["local"] = NOW.tally


def end(environment: Environment, **_: Any) -> None:
    """Judge the run, where all of it is known."""
    if NOW.run is None or isinstance(environment.runner, WorkerRunner):
        return
    measured = NOW.run.measured(NOW.elapsed_s, _times(environment.stats))
    checks = check(NOW.run.profile.limits, measured)
    environment.process_exit_code = verdict(checks)
    sys.stdout.write(f"\n{summary.one_line(checks)}\n")
    if file := _options(environment).summary:
        Path(file).write_text(summary.page(NOW.run, measured, checks))
    NOW.run = None


def report(data: dict[str, Any], **_: Any) -> None:
    """Tell the master what this worker has done so far."""
    data["tally"] = NOW.tally.packed()


def take_report(client_id: str, data: dict[str, Any]) -> None:
    """Keep the last word of a worker."""
    if NOW.run is not None:
        NOW.run.tallies[client_id] = Tally.unpacked(data["tally"])


def _options(environment: Environment) -> Namespace:
    assert isinstance(environment.parsed_options, Namespace)
    return environment.parsed_options


def _processes(runner: Runner) -> int:
    """How many send requests."""
    return runner.worker_count if isinstance(runner, MasterRunner) else 1


def _times(stats: RequestStats) -> dict[str, Times]:
    """By name; everything here is sent by one method."""
    return {name: entry for (name, _), entry in stats.entries.items()}


for hook, listener in (
    (events.init_command_line_parser, add_arguments),
    (events.test_start, begin),
    (events.test_stop, end),
    (events.report_to_master, report),
    (events.worker_report, take_report),
):
    # Through a name of its own, for Locust's has no types.
    register: Callable[[Callable[..., None]], object] = hook.add_listener
    register(listener)
