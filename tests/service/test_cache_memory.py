import pytest

from cache.entry import Entry, Held, Label
from cache.floors import COUNT_MAX, Floors
from cache.memory_store import BYTES_PER_ENCODED, BYTES_PER_ENTRY, MemoryStore
from lookup.metrics import Metrics
from tests.support.builders import AS_OF
from tests.support.clock import HandClock

ENCODED_BYTES = 100
SIZE = BYTES_PER_ENTRY + BYTES_PER_ENCODED * ENCODED_BYTES


def an_entry(encoded_bytes=ENCODED_BYTES):
    return Entry(Held(record=None, as_of=AS_OF), Label(0, 0.0), encoded_bytes)


@pytest.fixture
def metrics():
    return Metrics.in_memory()


def held(store, keys):
    """Which keys are held; looking makes them the last used, in this order."""
    return [key for key in keys if store.get(key) is not None]


def test_the_least_used_goes_first(metrics):
    store = MemoryStore(3 * SIZE, metrics=metrics)
    for key in (b"a", b"b", b"c"):
        store.put(key, an_entry())
    store.get(b"a")

    store.put(b"d", an_entry())

    assert held(store, [b"a", b"b", b"c", b"d"]) == [b"a", b"c", b"d"]
    assert metrics.read("tracuu_cache_evictions_total") == 1


def test_memory_stays_below_its_bound(metrics):
    store = MemoryStore(10 * SIZE, metrics=metrics)

    for number in range(1000):
        store.put(str(number % 37).encode(), an_entry(number % 250))
        assert metrics.read("tracuu_cache_bytes") <= 10 * SIZE


def test_replacing_and_dropping_is_counted_in_the_size(metrics):
    store = MemoryStore(10 * SIZE, metrics=metrics)
    store.put(b"a", an_entry())
    store.put(b"a", an_entry())
    store.put(b"b", an_entry())

    store.drop(b"a")
    store.drop(b"nowhere")

    assert metrics.read("tracuu_cache_entries") == 1
    assert metrics.read("tracuu_cache_bytes") == SIZE


@pytest.mark.parametrize("max_bytes", [0, SIZE - 1])
def test_what_is_larger_than_the_bound_is_not_held(metrics, max_bytes):
    store = MemoryStore(max_bytes, metrics=metrics)

    store.put(b"a", an_entry())

    assert store.get(b"a") is None
    assert metrics.read("tracuu_cache_evictions_total") == 0


def test_a_floor_lasts_for_its_time():
    clock = HandClock()
    floors = Floors(clock.monotonic, life_s=600)
    floors.lift(b"a", 5)

    clock.move(by_s=599)
    assert floors.of(b"a") == 5
    clock.move(by_s=1)
    assert floors.of(b"a") == 0


def test_a_floor_never_sinks_while_it_lasts():
    floors = Floors(HandClock().monotonic, life_s=600)
    floors.lift(b"a", 5)

    floors.lift(b"a", 4)

    assert floors.of(b"a") == 5
    assert floors.of(b"b") == 0


def test_ended_floors_make_room():
    clock = HandClock()
    floors = Floors(clock.monotonic, life_s=600)
    floors.lift(b"a", 5)
    clock.move(by_s=300)
    floors.lift(b"b", 5)
    clock.move(by_s=300)

    floors.lift(b"c", 5)

    assert list(floors._floors) == [b"b", b"c"]


def test_floors_are_bounded_in_number():
    floors = Floors(HandClock().monotonic, life_s=600)

    for number in range(COUNT_MAX + 10):
        floors.lift(number.to_bytes(4, "big"), 1)

    assert len(floors._floors) == COUNT_MAX
    assert floors.of((9).to_bytes(4, "big")) == 0
    assert floors.of((10).to_bytes(4, "big")) == 1
