"""Puts load on one server for a while, from a process of its own.

``python -m loadtests.bench.generator JOB`` reads a job and prints a ``Window`` as JSON.
A closed loop asks again on each connection as soon as it has its answer, which finds
capacity. An open loop asks at the moments of a plan and counts from the planned
moment, however long a request had to wait for a free connection: a server that stalls
does not slow the plan down.
"""

import asyncio
import gc
import itertools
import sys
from array import array
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter, process_time

import msgspec
import uvloop

from loadtests.bench.connections import Connection, fault_of
from loadtests.bench.measures import Window, percentiles
from loadtests.bench.processes import cpu_s_by_process
from loadtests.load.morning import Draws

DRAIN_S = 10.0
"""So long after its end the answers of a window are waited for."""

SEED = 7

STEP_S = 0.001
"""How often an open loop looks at its plan; the time it is late is counted."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask, how, and whose processor time to read."""

    port: int
    requests: list[bytes]
    """Asked in order, whole as they go out."""

    expected: list[tuple[bytes, ...]]
    """What the answer to each must hold, everything; as long as ``requests``."""

    repeats: bool
    """Whether to begin anew after the last one; otherwise the window ends there."""

    connections: int
    warm_requests: list[bytes] = []
    """Asked before everything else; any answer will do."""

    warm_by: int = 1
    """So many of the connections each ask all of those."""

    settle_s: float
    """Load before the window; its answers are checked, not measured."""

    window_s: float
    rate_per_s: float | None = None
    """Of an open loop; None for a closed one."""

    watched: dict[str, int]
    """Parts of what is measured by name: the process from which each descends."""


class Generator:
    """One job under way."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._connections: list[Connection] = []
        self._numbers = self._all_numbers()
        self._free: deque[Connection] = deque()
        self._planned: deque[float] = deque()
        self._due: deque[float] = deque()
        self._wrong: Counter[str] = Counter()
        self._latencies_s = array("d")
        self._answers = 0
        self._opens_at_s = self._closes_at_s = float("inf")
        self._asks_again = False
        self._is_used_up = asyncio.Event()
        self._warm: dict[Connection, Iterator[bytes]] = {}
        self._is_warm = asyncio.Event()
        self._drains = False
        self._is_drained = asyncio.Event()

    async def run(self) -> Window:
        """Open, warm up, settle, measure, and wait for the last answers."""
        job = self._job
        try:
            await self._connect(job.warm_by)
            await self._warm_up()
            # Not before: those that wait too long are closed by the server.
            await self._connect(job.connections - job.warm_by)
            gc.disable()
            return await self._measure()
        finally:
            for connection in self._connections:
                connection.close()

    async def _connect(self, count: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            _, connection = await loop.create_connection(
                lambda: Connection(self._answered, self._failed),
                "127.0.0.1",
                self._job.port,
            )
            self._connections.append(connection)

    async def _warm_up(self) -> None:
        if not self._job.warm_requests:
            return
        for connection in self._connections:
            self._warm[connection] = iter(self._job.warm_requests)
            self._ask_warmly(connection)
        await self._is_warm.wait()

    def _ask_warmly(self, connection: Connection) -> None:
        request = next(self._warm[connection], None)
        if request is not None:
            connection.ask(request, (), perf_counter())
            return
        del self._warm[connection]
        if not self._warm:
            self._is_warm.set()

    async def _measure(self) -> Window:
        job = self._job
        began_s = perf_counter() + job.settle_s
        ends_s = began_s + job.window_s
        plan = self._plan(ends_s)
        if plan and not job.repeats and len(plan) == len(job.requests):
            ends_s = plan[-1]
        scheduled = self._start(plan, began_s)
        await self._until(began_s)
        before, own_before_s = self._cpu(), process_time()
        self._opens_at_s, self._closes_at_s = perf_counter(), ends_s
        await self._until(ends_s)
        elapsed_s = perf_counter() - self._opens_at_s
        self._closes_at_s = min(ends_s, perf_counter())
        answers, after = self._answers, self._cpu()
        own_s = process_time() - own_before_s
        self._asks_again = False
        waiting = len(self._due) + len(self._planned)
        await self._drain()
        return Window(
            answers=answers,
            elapsed_s=elapsed_s,
            cpu_s=_spent(before, after),
            generator_cpu=own_s / elapsed_s,
            latencies_ms=percentiles([1000 * each for each in self._latencies_s]),
            wrong=dict(self._wrong),
            scheduled=scheduled,
            achieved=None if scheduled is None else scheduled - waiting,
        )

    def _plan(self, ends_s: float) -> list[float] | None:
        """When to ask, as far as there are requests; None in a closed loop."""
        if self._job.rate_per_s is None:
            return None
        moments = arrivals(self._job.rate_per_s, perf_counter(), ends_s)
        most = None if self._job.repeats else len(self._job.requests)
        return list(itertools.islice(moments, most))

    def _start(self, plan: list[float] | None, began_s: float) -> int | None:
        """Set the load going; how many requests are meant for the window."""
        if plan is None:
            self._asks_again = True
            for connection in self._connections:
                self._ask_next(connection, perf_counter())
            return None
        self._free.extend(self._connections)
        self._planned.extend(plan)
        self._pace()
        return sum(moment >= began_s for moment in plan)

    def _pace(self) -> None:
        """Ask what is due by now, and look again in a moment."""
        now_s = perf_counter()
        while self._planned and self._planned[0] <= now_s:
            self._due.append(self._planned.popleft())
        self._ask_due()
        if self._planned:
            asyncio.get_running_loop().call_later(STEP_S, self._pace)

    def _ask_due(self) -> None:
        while self._due and self._free:
            self._ask_next(self._free.popleft(), self._due.popleft())

    def _ask_next(self, connection: Connection, since_s: float) -> None:
        number = next(self._numbers, None)
        if number is None:
            self._is_used_up.set()
            return
        job = self._job
        connection.ask(job.requests[number], job.expected[number], since_s)

    def _answered(self, connection: Connection, received: bytes, now_s: float) -> None:
        if connection in self._warm:
            self._ask_warmly(connection)
            return
        fault = fault_of(received, connection.expected)
        if fault is not None:
            self._wrong[fault] += 1
        if self._opens_at_s <= connection.since_s < self._closes_at_s:
            self._latencies_s.append(now_s - connection.since_s)
        if self._opens_at_s <= now_s < self._closes_at_s:
            self._answers += 1
        if self._asks_again:
            self._ask_next(connection, now_s)
        elif self._job.rate_per_s is not None:
            self._free.append(connection)
            self._ask_due()
        self._tell_drained()

    def _failed(self, connection: Connection, fault: str) -> None:
        self._wrong[fault] += 1
        self._connections.remove(connection)
        with suppress(ValueError):
            self._free.remove(connection)
        if self._warm.pop(connection, None) is not None and not self._warm:
            self._is_warm.set()
        self._tell_drained()

    async def _until(self, moment_s: float) -> None:
        """Wait for a moment, or until no request is left."""
        try:
            async with asyncio.timeout(moment_s - perf_counter()):
                await self._is_used_up.wait()
        except TimeoutError:
            return

    async def _drain(self) -> None:
        """Wait for answers under way; those that never come are wrong."""
        self._drains = True
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S if self._under_way() else 0):
                await self._is_drained.wait()
        if missing := self._under_way():
            self._wrong["no answer in time"] += missing

    def _tell_drained(self) -> None:
        if self._drains and not self._under_way():
            self._is_drained.set()

    def _under_way(self) -> int:
        """Requests without an answer, those included that wait to be sent."""
        busy = sum(connection.is_busy for connection in self._connections)
        return busy + len(self._due) + len(self._planned)

    def _cpu(self) -> dict[str, dict[int, float]]:
        return {
            name: cpu_s_by_process(root) for name, root in self._job.watched.items()
        }

    def _all_numbers(self) -> Iterator[int]:
        numbers = range(len(self._job.requests))
        return itertools.cycle(numbers) if self._job.repeats else iter(numbers)


def arrivals(rate_per_s: float, begins_s: float, ends_s: float) -> Iterator[float]:
    """Moments at which callers come who know nothing of each other (Poisson).

    The same in every run, counted from the beginning.
    """
    draw = Draws(SEED)
    moment_s = begins_s
    while (moment_s := moment_s + draw.expovariate(rate_per_s)) < ends_s:
        yield moment_s


def _spent(
    before: dict[str, dict[int, float]], after: dict[str, dict[int, float]]
) -> dict[str, dict[int, float]]:
    """What each process has used in between; one that began then, all it has."""
    return {
        name: {pid: used - before[name].get(pid, 0.0) for pid, used in each.items()}
        for name, each in after.items()
    }


def main() -> None:
    """Do the job in the file that is named, and print what came of it."""
    job = msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        window = runner.run(Generator(job).run())
    sys.stdout.buffer.write(msgspec.json.encode(window))


if __name__ == "__main__":
    main()
