"""Whether a service holds no more at the end of a long run than in its middle."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from statistics import linear_regression

import aiohttp

from loadtests.load.thresholds import Check, Exit

JUDGED_SHARE = 0.5
"""Only the end of a run is judged: until then caches and connections fill."""

SAMPLES_MIN = 5
"""Of fewer nobody can tell a slope."""

SAMPLES_APART_S = 5.0

MEMORY_MAX_BYTES = 2**20
"""More memory in a worker after ten minutes."""

COUNT_MAX = 5.0
"""More files or tasks after ten minutes. They come and go with the lookups, and a slope
through that is never quite level; a leak of one in 10,000 lookups shows."""

_TEN_MINUTES_S = 600.0

_METRIC = re.compile(r"^(tracuu_worker\w+)(?:\{\S*\})? (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the workers of a service held at one moment."""

    at_s: float
    resident_bytes: Sequence[float]
    """Of each worker."""

    files: float
    tasks: float
    """Of the worker with most of them."""

    restarts: float
    """Workers that were replaced so far."""


def read_sample(page: str, at_s: float) -> Sample:
    """Read a page of metrics."""
    found: dict[str, list[float]] = {}
    for name, value in _METRIC.findall(page):
        found.setdefault(name.removeprefix("tracuu_worker_"), []).append(float(value))
    return Sample(
        at_s,
        found["resident_bytes"],
        files=found["files"][0],
        tasks=found["tasks"][0],
        restarts=found["restarts_total"][0],
    )


@asynccontextmanager
async def sampling(
    admin_url: str, *, duration_s: float
) -> AsyncIterator[Sequence[Sample]]:
    """Samples that are taken during the block, all along a run of so many seconds."""
    samples: list[Sample] = []
    every_s = min(SAMPLES_APART_S, duration_s / 20)
    task = asyncio.create_task(_sample(admin_url, samples, every_s=every_s))
    try:
        yield samples
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _sample(admin_url: str, samples: list[Sample], *, every_s: float) -> None:
    now_s = asyncio.get_running_loop().time
    async with aiohttp.ClientSession(admin_url) as session:
        while True:
            with suppress(aiohttp.ClientError):
                async with session.get("/metrics") as answer:
                    samples.append(read_sample(await answer.text(), now_s()))
            await asyncio.sleep(every_s)


def check_steadiness(samples: Sequence[Sample]) -> list[Check]:
    """Hold the slopes through the judged end of a run against what they may be."""
    judged = samples[int(len(samples) * (1 - JUDGED_SHARE)) :]
    if len(judged) < SAMPLES_MIN:
        wanted = f"at least {SAMPLES_MIN}"
        told = f"{len(judged)}"
        return [Check("samples", told, wanted, is_met=False, if_missed=Exit.VOID)]
    times_s = [each.at_s for each in judged]
    memories = zip(*(each.resident_bytes for each in judged), strict=True)
    memory = max(_growth(times_s, memory) for memory in memories)
    died = judged[-1].restarts - samples[0].restarts
    return [
        Check(
            "memory of the worker that grows most",
            f"{memory / 2**20:+.2f} MB in 10 min",
            f"at most {MEMORY_MAX_BYTES / 2**20:+.2f} MB",
            memory <= MEMORY_MAX_BYTES,
            Exit.MISSED,
        ),
        _count("open files", _growth(times_s, [each.files for each in judged])),
        _count("tasks", _growth(times_s, [each.tasks for each in judged])),
        Check("workers replaced", f"{died:.0f}", "none", died == 0, Exit.MISSED),
    ]


def _count(name: str, growth: float) -> Check:
    return Check(
        name,
        f"{growth:+.1f} in 10 min",
        f"at most {COUNT_MAX:+.1f}",
        growth <= COUNT_MAX,
        Exit.MISSED,
    )


def _growth(times_s: Sequence[float], values: Sequence[float]) -> float:
    """How much the straight line through the values rises in ten minutes."""
    return linear_regression(times_s, values).slope * _TEN_MINUTES_S
