"""The whole cache core in a world where everything happens: what may come out.

Once by steps that Hypothesis draws and shortens when one harms, once by random walks,
which get further. ``make test-long`` walks for longer.
"""

import asyncio
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from cache import tiers
from cache.entry import Entry
from cache.floors import Floors
from cache.freshness import Freshness
from cache.remembering import Remembering
from cache.seal import Seal
from cache.single_flight import SingleFlight
from lookup.record import Facet
from tests.support.cache_truth import CITIZENS, NUMBERS, HarmError
from tests.support.cache_walk import SETTINGS_S, walk
from tests.support.cache_world import WORKERS, World, WorldLoop
from tests.support.clock import HandClock

SEEDS = range(4)

citizens = st.sampled_from(sorted(CITIZENS))
workers = st.sampled_from(WORKERS)
places = st.integers(0, 20)
mostly = st.sampled_from((True, True, True, False))


class Caches(RuleBasedStateMachine):
    @initialize(draw=st.sampled_from((0.0, 0.5)))
    def begin(self, draw):
        clock = HandClock()
        self.clock = clock
        self.runner = asyncio.Runner(loop_factory=lambda: WorldLoop(clock))
        self.runner.run(self._begin(draw))

    async def _begin(self, draw):
        self.world = World(self.clock, lambda: draw)
        for n in CITIZENS:
            self.world.change(n)

    def _happens(self, verb, *arguments, **named):
        async def turned():
            happening = verb(*arguments, **named)
            if happening is not None:
                await happening
            await self.world.turn(12)

        self.runner.run(turned())

    @invariant()
    def whoever_asks_gets_what_may_come_out(self):
        """After each step everything is asked of both workers."""
        if not self.world.wires.is_holding:
            self._happens(self._ask_everything)

    def _ask_everything(self):
        for w, number in product(WORKERS, NUMBERS):
            self.world.look_up(w, number, Facet.COVERAGE)
        for w, citizen_id in product(WORKERS, CITIZENS.values()):
            self.world.look_up(w, citizen_id, Facet.HEALTH)

    @rule(w=workers, number=st.sampled_from(NUMBERS), leaves=st.booleans())
    def ask_while_all_is_held(self, w, number, leaves):
        """What goes over the wires passes only later."""
        self.world.hold(is_holding=True)
        for _ in range(2):
            self._happens(self.world.look_up, w, number, Facet.COVERAGE)
        if leaves:
            self._happens(self.world.leave, 0)

    @rule()
    def let_go(self):
        self.world.hold(is_holding=False)
        self._happens(self.world.wires.let_go)

    @rule(n=citizens, is_there=mostly)
    def change(self, n, is_there):
        self.world.change(n, is_there=is_there)

    @rule(one=citizens, other=citizens)
    def swap_cards(self, one, other):
        self.world.swap_cards(one, other)

    @rule(w=workers)
    def hear(self, w):
        while self.world.workers[w].unheard:
            self._happens(self.world.hear, w)

    @rule(by_s=st.sampled_from((0.2, 1.0, 60.0, 600.0, 86_400.0)))
    def wait(self, by_s):
        self._happens(self.clock.move, by_s=by_s)

    @rule(by_s=st.sampled_from((*SETTINGS_S, 86_400.0)))
    def set_clock(self, by_s):
        self._happens(self.world.set_clock, by_s=by_s)

    @rule(is_up=mostly)
    def redis(self, is_up):
        self.world.redis.is_up = is_up

    @rule(is_up=st.booleans())
    def database(self, is_up):
        self.world.population.is_up = is_up

    @rule(how=st.sampled_from(("swap_values", "put_back", "spoil")), place=places)
    def tamper(self, how, place):
        getattr(self.world, how)(place)

    @rule(w=workers, with_new_secret=st.booleans())
    def restart(self, w, with_new_secret):
        self._happens(self.world.restart, w, with_new_secret=with_new_secret)

    def teardown(self):
        if hasattr(self, "world"):
            self.runner.run(self.world.settle())
            self.runner.close()


TestCaches = Caches.TestCase
TestCaches.settings = settings(
    max_examples=60, stateful_step_count=30, deadline=None, derandomize=True
)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_walk_meets_every_kind_of_answer_and_no_harm(seed):
    world = walk(seed)

    assert world.answered.keys() == {"memory", "redis", "population", "stale", "none"}
    assert world.operations >= 10_000


GUARDS = {
    "a value is bound to its key": (
        "an answer is (about another citizen|put together from two)",
        [
            (Seal, "seal", lambda real: lambda s, _, *rest: real(s, bytes(32), *rest)),
            (Seal, "open", lambda real: lambda s, _, *rest: real(s, bytes(32), *rest)),
        ],
    ),
    "a card must be among the record's": (
        "an answer is about another citizen",
        [(tiers, "_is_meant", lambda _: lambda *_: True)],
    ),
    "usable has an end": (
        "an answer is older than it may be used",
        [(Freshness, "usable_for_s", lambda _: lambda _, **__: 1e8)],
    ),
    "what waited is graded again": (
        "an answer is older than it may be used",
        [(Remembering, "_is_too_old", lambda _: lambda *_: False)],
    ),
    "fresh has an end": (
        "an old answer is not marked so",
        [(Freshness, "_fresh_for_s", lambda _: lambda *_, **__: 1e8)],
    ),
    "what a change outdated is refused": (
        "an answer is from before a change that was heard of",
        [(Floors, "of", lambda _: lambda *_: 0)],
    ),
    "the newer of two stays": (
        "a newer version is replaced by an older one",
        [(Entry, "is_older_than", lambda _: lambda *_: False)],
    ),
    "one load for all": (
        "one question is loaded twice at once",
        [
            (
                SingleFlight,
                "fetch",
                lambda _: (
                    lambda s, *question, **rest: s._source.fetch(*question, **rest)
                ),
            )
        ],
    ),
}
"""Each guard, the harm without it, and how it is taken away."""


@pytest.mark.parametrize("guard", GUARDS)
def test_without_a_guard_a_walk_meets_the_harm(monkeypatch, guard):
    harm, takings = GUARDS[guard]
    for place, name, without in takings:
        monkeypatch.setattr(place, name, without(getattr(place, name)))

    with pytest.raises(HarmError, match=f"walk.*{harm}"):
        list(map(walk, SEEDS))


def test_a_walk_is_the_same_each_time_it_is_walked():
    once, again = walk(7, 2_000), walk(7, 2_000)

    assert once.answered == again.answered
    assert once.operations == again.operations
