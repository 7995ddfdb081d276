import asyncio
import time

import pytest

from lookup import pulse
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.pulse import beat, open_files, resident_bytes


async def test_lag_of_the_loop_is_counted_and_noted(monkeypatch):
    monkeypatch.setattr(pulse, "BEAT_S", 0.01)
    noted = asyncio.Event()
    metrics = Metrics.in_memory()
    beating = asyncio.create_task(
        beat(metrics, Events(lambda _level, _event, _fields: noted.set()))
    )
    await asyncio.sleep(0)

    time.sleep(0.3)  # noqa: ASYNC251 - keeps the loop from working on purpose
    await noted.wait()
    beating.cancel()

    assert metrics.read("tracuu_worker_resident_bytes") > 10**6
    assert metrics.read("tracuu_worker_files") > 3
    assert metrics.read("tracuu_worker_tasks") == 2


async def test_loop_that_keeps_time_is_not_noted(monkeypatch):
    monkeypatch.setattr(pulse, "BEAT_S", 0.0)
    monkeypatch.setattr(pulse, "LAG_NOTED_S", 10.0)
    said = []
    beating = asyncio.create_task(
        beat(Metrics.in_memory(), Events(lambda *event: said.append(event)))
    )

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(beating, 0.05)

    assert not said


def test_nothing_is_counted_where_the_system_does_not_say(tmp_path):
    assert resident_bytes(tmp_path / "statm") == 0
    assert open_files(tmp_path / "fd") == 0
