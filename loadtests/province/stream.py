"""Asks about people at the moments of a plan and notes what became of each question.

``python -m loadtests.province.stream JOB`` reads a job, prints a line when it begins
to ask, and at the end ``Heard`` as MessagePack. An open loop like the bench's, but one
that goes on when answers fail: what happens then is to be seen.
"""

import asyncio
import gc
import sys
from collections import Counter, deque
from contextlib import suppress
from math import inf
from pathlib import Path
from time import perf_counter, process_time

import msgspec
import uvloop

from loadtests.bench.connections import Connection, fault_of
from loadtests.bench.generator import DRAIN_S, STEP_S, arrivals
from loadtests.bench.rows import FROM_POPULATION
from loadtests.load.morning import Draws
from loadtests.province.course import Asked

SEED = 8
"""Who is asked about; when is another draw."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask, how often, and for how long."""

    port: int
    requests: list[bytes]
    """One for each person, whole as they go out; people are drawn, and come again."""

    expected: list[tuple[bytes, ...]]
    """What the answer to each must hold, everything; as long as ``requests``."""

    connections: int
    rate_per_s: float
    duration_s: float


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all questions."""

    asked: list[Asked]
    faults: dict[str, int]
    """What was wrong with answers, without their content."""

    generator_cpu: float
    """Share of a processor that this process took."""


class Stream:
    """One job under way."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._draws = Draws(SEED)
        self._free: deque[Connection] = deque()
        self._asking: set[Connection] = set()
        self._planned: deque[float] = deque()
        self._due: deque[float] = deque()
        self._asked: list[Asked] = []
        self._faults: Counter[str] = Counter()
        self._began_s = inf
        self._is_done = asyncio.Event()

    async def run(self) -> Heard:
        """Connect, say so, ask, and wait for the last answers."""
        await self._connect()
        gc.disable()
        sys.stdout.buffer.write(b"begins\n")
        sys.stdout.buffer.flush()
        self._began_s, own_before_s = perf_counter(), process_time()
        ends_s = self._began_s + self._job.duration_s
        self._planned.extend(arrivals(self._job.rate_per_s, self._began_s, ends_s))
        self._pace()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._job.duration_s + DRAIN_S):
                await self._is_done.wait()
        generator_cpu = (process_time() - own_before_s) / (
            perf_counter() - self._began_s
        )
        self._give_up_the_rest()
        return Heard(
            asked=sorted(self._asked),
            faults=dict(self._faults),
            generator_cpu=generator_cpu,
        )

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(self._job.connections):
            _, connection = await loop.create_connection(
                lambda: Connection(self._answered, self._failed),
                "127.0.0.1",
                self._job.port,
            )
            self._free.append(connection)

    def _pace(self) -> None:
        """Ask what is due by now, and look again in a moment."""
        now_s = perf_counter()
        while self._planned and self._planned[0] <= now_s:
            self._due.append(self._planned.popleft())
        self._ask_due()
        if self._planned:
            asyncio.get_running_loop().call_later(STEP_S, self._pace)

    def _ask_due(self) -> None:
        job = self._job
        while self._due and self._free:
            number = self._draws.randrange(len(job.requests))
            connection = self._free.popleft()
            self._asking.add(connection)
            connection.ask(
                job.requests[number], job.expected[number], self._due.popleft()
            )
        if not (self._planned or self._due or self._asking):
            self._is_done.set()

    def _answered(self, connection: Connection, received: bytes, now_s: float) -> None:
        self._asking.discard(connection)
        self._free.append(connection)
        fault = fault_of(received, connection.expected)
        if fault is not None:
            self._note(connection.since_s, fault=fault)
        else:
            self._asked.append(
                Asked(
                    due_s=connection.since_s - self._began_s,
                    latency_s=now_s - connection.since_s,
                    is_miss=FROM_POPULATION in received,
                )
            )
        self._ask_due()

    def _failed(self, connection: Connection, fault: str) -> None:
        """Go on without the connection; the service has no reason to end one."""
        with suppress(ValueError):
            self._free.remove(connection)
        if connection in self._asking:
            self._asking.discard(connection)
            self._note(connection.since_s, fault=fault)
        self._ask_due()

    def _give_up_the_rest(self) -> None:
        for connection in self._asking:
            self._note(connection.since_s, fault="no answer in time")
        for due_s in self._due:
            self._note(due_s, fault="no connection in time")
        for connection in (*self._asking, *self._free):
            connection.close()

    def _note(self, due_s: float, *, fault: str) -> None:
        self._faults[fault] += 1
        self._asked.append(
            Asked(due_s=due_s - self._began_s, latency_s=inf, is_miss=False)
        )


def main() -> None:
    """Do the job in the file that is named, and print what came of it."""
    job = msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=Job)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        heard = runner.run(Stream(job).run())
    sys.stdout.buffer.write(msgspec.msgpack.encode(heard))


if __name__ == "__main__":
    main()
