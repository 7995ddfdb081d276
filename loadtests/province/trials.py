"""Lets something happen to a service under load, and watches its connections."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from time import perf_counter

import asyncpg
import msgspec
import redis

from loadtests.bench.measures import GENERATOR_CPU_MAX
from loadtests.bench.measuring import RunVoidError
from loadtests.province.course import Course, Scale
from loadtests.province.stream import Heard, Job
from lookup.bar import bar_of

SAMPLE_S = 0.1
"""How often the connections are looked at."""

# A worker's connections for lookups have this name; those for other work another.
_CONNECTIONS = """
SELECT count(*) FILTER (WHERE state = 'active') AS busy, count(*) AS opened
FROM pg_stat_activity
WHERE application_name = 'tracuu' AND datname = current_database()
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """What happened, and what came of it."""

    name: str
    says: str
    rate_per_s: float
    course: Course
    faults: dict[str, int]
    generator_cpu: float
    """Share of a processor that asking took."""

    busy_max: int
    """Most connections for lookups that were seen to be busy at once."""

    opened_max: int
    """Most of them that were seen open at once; more cannot have been busy."""


@dataclass(slots=True)
class _Seen:
    busy_max: int = 0
    opened_max: int = 0
    event_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Trying:
    """Everything that is needed to try something."""

    database_url: str
    redis_url: str
    folder: Path
    scale: Scale

    def cold_start(self, job: Job) -> Trial:
        """Ask a service whose caches are empty.

        Raises:
            RunVoidError: The generator was too slow.
        """
        return self._try(job, "cold-start", "Caches empty", flushes_at_s=None)

    def flush(self, job: Job) -> Trial:
        """Empty all of Redis in the middle.

        Raises:
            RunVoidError: The generator was too slow.
        """
        at_s = self.scale.duration_s / 2
        return self._try(job, "flush", "Redis emptied under load", flushes_at_s=at_s)

    def _try(
        self, job: Job, name: str, says: str, *, flushes_at_s: float | None
    ) -> Trial:
        heard, seen = asyncio.run(self._watched(job, says, flushes_at_s=flushes_at_s))
        if heard.generator_cpu > GENERATOR_CPU_MAX:
            took = f"the generator took {heard.generator_cpu:.0%} of a processor"
            raise RunVoidError(f"{says}: {took}")
        return Trial(
            name=name,
            says=says,
            rate_per_s=job.rate_per_s,
            course=Course(heard.asked, self.scale, seen.event_s),
            faults=heard.faults,
            generator_cpu=heard.generator_cpu,
            busy_max=seen.busy_max,
            opened_max=seen.opened_max,
        )

    async def _watched(
        self, job: Job, says: str, *, flushes_at_s: float | None
    ) -> tuple[Heard, _Seen]:
        file, seen = self.folder / "stream", _Seen()
        file.write_bytes(msgspec.msgpack.encode(job))
        command = [sys.executable, "-m", "loadtests.province.stream", str(file)]
        watch = await asyncpg.connect(self.database_url)
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        assert process.stdout is not None
        try:
            await process.stdout.readline()
            began_s = perf_counter()
            hearing = asyncio.create_task(process.stdout.read())
            with bar_of(says, round(self.scale.duration_s)) as moved_to:
                while not hearing.done():
                    elapsed_s = perf_counter() - began_s
                    moved_to(min(round(elapsed_s), round(self.scale.duration_s)))
                    if flushes_at_s and not seen.event_s and elapsed_s >= flushes_at_s:
                        seen.event_s = elapsed_s
                        self._flush_all()
                    await _look(watch, seen)
                    await asyncio.wait([hearing], timeout=SAMPLE_S)
            if returncode := await process.wait():
                raise CalledProcessError(returncode, command)
            return msgspec.msgpack.decode(hearing.result(), type=Heard), seen
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await watch.close()

    def _flush_all(self) -> None:
        with redis.Redis.from_url(self.redis_url) as client:
            client.flushall()


async def _look(watch: asyncpg.Connection, seen: _Seen) -> None:
    found = await watch.fetchrow(_CONNECTIONS)
    assert found is not None
    busy, opened = found
    seen.busy_max = max(seen.busy_max, busy)
    seen.opened_max = max(seen.opened_max, opened)
