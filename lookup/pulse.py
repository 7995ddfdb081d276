"""A worker's pulse: how late its event loop is, and how much it holds."""

import asyncio
import os
from pathlib import Path

from lookup.events import Events
from lookup.metrics import Metrics

BEAT_S = 0.5
LAG_NOTED_S = 0.25
"""A lag from here on is written to the log: a quarter of a lookup's deadline."""


async def beat(metrics: Metrics, events: Events) -> None:
    """Measure every half second, for as long as the worker lives."""
    loop = asyncio.get_running_loop()
    while True:
        metrics.worker_measured(
            resident_bytes=resident_bytes(),
            files=open_files(),
            tasks=len(asyncio.all_tasks()),
        )
        due_s = loop.time() + BEAT_S
        await asyncio.sleep(BEAT_S)
        lag_s = max(0.0, loop.time() - due_s)
        metrics.loop_lagged(lag_s)
        if lag_s >= LAG_NOTED_S:
            events.loop_lagged(lag_s)


def resident_bytes(statm: Path = Path("/proc/self/statm")) -> int:
    """Memory this process occupies; 0 where the system does not say it there."""
    if not statm.exists():
        return 0
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files(descriptors: Path = Path("/proc/self/fd")) -> int:
    """Files, sockets and pipes of this process; 0 where the system does not say."""
    return sum(1 for _ in descriptors.iterdir()) if descriptors.exists() else 0
