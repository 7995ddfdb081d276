"""Redis that is not there, says nothing, or is unwilling: a miss, and then quiet."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from cache.key import redis_name
from cache.redis_writes import WAITING_MAX
from lookup.clock import SystemClock
from tests.support.caches import NOWHERE, Worker, clock_of_redis, written
from tests.support.waiting import soon

LATER_S = 10**10
"""POSIX time far ahead."""

SHORT_S = 0.05
"""A time limit that a test is ready to wait for."""

KEY, VALUE = b"k" * 32, b"value"


class Line:
    """The way to a real Redis, which can be cut and mended."""

    def __init__(self, redis_url, folder):
        self._socket = urlsplit(redis_url).path
        self._link = folder / "line.sock"
        self.url = f"unix://{self._link}"

    def mend(self):
        self._link.symlink_to(Path(self._socket))

    async def cut(self, raw):
        self._link.unlink()
        await raw.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")


@pytest.fixture
async def raw(redis_url):
    """Redis as it is."""
    async with Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def line(redis_url, tmp_path):
    line = Line(redis_url, tmp_path)
    line.mend()
    return line


@pytest.fixture
def worker():
    return Worker(clock_of_redis())


@pytest.fixture
async def silent(tmp_path):
    """A server that takes connections and says nothing; counts them."""
    connections = []
    server = await asyncio.start_unix_server(
        lambda _, writer: connections.append(writer), tmp_path / "silent.sock"
    )
    async with server:
        yield f"unix://{tmp_path}/silent.sock", connections
        for connection in connections:
            connection.close()


async def test_redis_that_is_not_there_is_a_miss_and_then_left_alone(worker):
    async with worker.redis(NOWHERE) as store:
        first = await store.get(KEY)
        then = await store.get(KEY)

    assert (first, then) == ("error", "skipped")
    assert worker.told == ["redis.unreachable"]


@pytest.mark.parametrize(("is_guarded", "connections"), [(True, 1), (False, 4)])
async def test_redis_that_says_nothing_costs_its_timeout_once(
    worker, silent, *, is_guarded, connections
):
    url, seen = silent
    async with worker.redis(url, timeout_s=SHORT_S) as store:
        if not is_guarded:
            store._reads._pause.failed = lambda _: None
        answers = [await soon(store.get(KEY)) for _ in range(4)]

    assert answers == ["error", *(["skipped"] * 3 if is_guarded else ["error"] * 3)]
    assert len(seen) == connections


async def test_who_waits_behind_a_hung_read_waits_no_second_time(worker, silent):
    url, seen = silent
    async with worker.redis(url, timeout_s=SHORT_S) as store:
        waiting = []
        for _ in range(10):
            waiting.append(asyncio.ensure_future(store.get(KEY)))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        answers = await soon(asyncio.gather(*waiting))

    assert answers == ["error"] * 2 + ["skipped"] * 8
    assert len(seen) == 2


async def test_redis_that_comes_back_is_asked_again(worker, line, raw):
    await raw.set(redis_name(KEY), VALUE)
    async with worker.redis(line.url) as store:
        assert await store.get(KEY) == VALUE
        await line.cut(raw)
        assert await store.get(KEY) == "error"
        line.mend()
        assert await store.get(KEY) == "skipped"

        worker.clock.move(by_s=1)

        assert await store.get(KEY) == VALUE
    assert worker.told == ["redis.unreachable", "redis.recovered"]


async def test_a_connection_that_redis_closed_is_replaced_unnoticed(store, raw):
    await raw.set(redis_name(KEY), VALUE)
    await store.get(KEY)

    await raw.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    assert await store.get(KEY) == VALUE


@pytest.fixture
async def store(worker, redis_url):
    async with worker.redis(redis_url) as store:
        yield store


async def test_only_one_asks_when_the_pause_is_over(worker, silent):
    url, seen = silent
    async with worker.redis(url, timeout_s=SHORT_S) as store:
        await store.get(KEY)
        worker.clock.move(by_s=1)
        asked = len(seen)

        await store.delete(KEY)  # its writer is the trial
        await asyncio.sleep(0)
        answers = [await store.get(b"o" * 32) for _ in range(5)]

    assert answers == ["skipped"] * 5
    assert len(seen) - asked <= 1


async def test_a_value_is_dropped_while_redis_is_left_alone(worker):
    async with worker.redis(NOWHERE) as store:
        await store.get(KEY)
        store.set(KEY, VALUE, not_after_s=LATER_S)

    assert worker.writes("redis", "dropped") == 1


async def test_a_value_that_could_not_be_written_is_counted_and_gone(worker):
    async with worker.redis(NOWHERE) as store:
        store.set(KEY, VALUE, not_after_s=LATER_S)
        await written(store)

        assert await store.get(KEY) == "skipped"
    assert worker.writes("redis", "error") == 1


async def test_a_deletion_waits_until_redis_is_back(line, raw):
    """The pause here is real, one second: the writer tries again by itself."""
    worker = Worker(SystemClock())
    await raw.set(redis_name(KEY), VALUE)
    async with worker.redis(line.url) as store:
        await store.get(b"o" * 32)
        await line.cut(raw)
        await store.delete(KEY)
        await asyncio.sleep(SHORT_S)
        assert await store.get(KEY) == "miss"
        assert await raw.exists(redis_name(KEY)) == 1

        line.mend()
        await soon(written(store))

    assert await raw.exists(redis_name(KEY)) == 0


async def test_what_waits_is_written_at_the_end(worker, raw, redis_url):
    async with worker.redis(redis_url) as store:
        for number in range(600):
            store.set(number.to_bytes(32, "big"), VALUE, not_after_s=LATER_S)
        await store.delete(KEY)

    assert await raw.dbsize() == 600
    assert worker.writes("redis", "stored") == 600


async def test_who_still_reads_at_the_end_is_told_nothing(worker, silent):
    url, _ = silent
    async with worker.redis(url) as store:
        waiting = []
        for _ in range(4):
            waiting.append(asyncio.ensure_future(store.get(KEY)))
            await asyncio.sleep(SHORT_S)

    assert await asyncio.gather(*waiting) == ["skipped"] * 4


async def test_a_full_line_pushes_out_the_oldest_while_redis_is_away(worker):
    async with worker.redis(NOWHERE) as store:
        await store.get(KEY)
        for number in range(WAITING_MAX):
            await store.delete(number.to_bytes(32, "big"))

        await store.delete(KEY)

        oldest = (0).to_bytes(32, "big")
        assert [await store.get(key) for key in (KEY, oldest)] == ["miss", "skipped"]
        assert worker.writes("redis", "dropped") == 1


async def test_deletions_of_a_mass_change_wait_for_room(worker, store):
    for number in range(WAITING_MAX + 2):
        await store.delete(number.to_bytes(32, "big"))
    await written(store)

    assert worker.writes("redis", "dropped") == 0


async def test_values_find_no_room_in_a_full_line(worker, store, raw):
    for number in range(WAITING_MAX + 1):
        store.set(number.to_bytes(32, "big"), VALUE, not_after_s=LATER_S)
    store.set((0).to_bytes(32, "big"), b"newer", not_after_s=LATER_S)
    await written(store)

    assert worker.writes("redis", "dropped") == 1
    assert await raw.dbsize() == WAITING_MAX
    assert await raw.get(redis_name((0).to_bytes(32, "big"))) == b"newer"


async def test_a_full_redis_refuses_values_but_is_still_read(worker, raw, store):
    await raw.set(redis_name(KEY), VALUE)
    await raw.config_set("maxmemory", "1")
    try:
        store.set(b"o" * 32, VALUE, not_after_s=LATER_S)
        await written(store)
    finally:
        await raw.config_set("maxmemory", "0")

    assert worker.writes("redis", "error") == 1
    assert await store.get(KEY) == VALUE
    assert worker.told == []


async def test_a_refused_deletion_goes_on_waiting(worker, raw, redis_url):
    await raw.execute_command(
        *("ACL", "SETUSER", "reader", "on", ">secret", "~*", "+mget", "+set")
    )
    try:
        async with worker.redis(
            f"{redis_url}&username=reader&password=secret"
        ) as store:
            await store.delete(KEY)
            await asyncio.sleep(SHORT_S)
            assert await store.get(KEY) == "miss"
            assert worker.told == ["redis.unreachable"]
    finally:
        await raw.execute_command("ACL", "DELUSER", "reader")
