"""Random walks through the world of the cache, each told again by its seed."""

import asyncio
from random import Random

from lookup.record import Facet
from tests.support.cache_truth import CARDS, CITIZENS, NUMBERS, HarmError
from tests.support.cache_world import WORKERS, World, WorldLoop
from tests.support.clock import HandClock

WALK = 20_000
"""Steps of one walk; then a new world begins."""

CLOCK_STEPS_S = (0.02, 0.2, 1.0, 59.0, 300.0, 600.0, 40_000.0, 86_400.0)
CLOCK_WEIGHTS = (60, 20, 10, 4, 3, 2, 1, 0.3)
SETTINGS_S = (-3_600.0, -300.0, -3.0, 3.0, 300.0, 3_600.0)


class Walk:
    """One world and who moves in it by dice."""

    def __init__(self, seed, clock):
        self._random = Random(seed)
        self._clock = clock
        self._world = World(self._clock, self._random.random)
        self._verbs, self._weights = zip(*self._steps().items(), strict=True)

    def _steps(self):
        return {
            self._look_up: 62,
            self._move_clock: 9,
            self._hear: 7,
            self._let_go: 6,
            self._change: 4,
            self._leave: 3,
            self._hold: 2.5,
            self._spoil: 2,
            self._swap_values: 1,
            self._put_back: 1,
            self._take_down: 1,
            self._swap_cards: 0.5,
            self._set_clock: 0.3,
            self._restart: 0.1,
        }

    async def go(self, steps):
        """So many steps, and then to the end of what was begun."""
        draw = self._random.choices
        for verb in draw(self._verbs, self._weights, k=steps):
            happening = verb()
            if happening is not None:
                await happening
            await self._world.turn()
        await self._world.settle()
        return self._world

    def _look_up(self):
        facet = Facet.COVERAGE if self._random.random() < 0.8 else Facet.HEALTH
        numbers = NUMBERS if facet is Facet.COVERAGE else tuple(CITIZENS.values())
        self._world.look_up(self._worker(), self._random.choice(numbers), facet)

    def _move_clock(self):
        (by_s,) = self._random.choices(CLOCK_STEPS_S, CLOCK_WEIGHTS)
        self._clock.move(by_s=by_s)

    def _hear(self):
        return self._world.hear(self._worker())

    def _let_go(self):
        self._world.wires.let_go(self._random.randint(1, 4))

    def _change(self):
        self._world.change(self._citizen(), is_there=self._random.random() < 0.9)

    def _leave(self):
        self._world.leave(self._random.randrange(100))

    def _hold(self):
        self._world.hold(is_holding=not self._world.wires.is_holding)

    def _spoil(self):
        self._world.spoil(self._random.randrange(8_000))

    def _swap_values(self):
        self._world.swap_values(self._random.randrange(10))

    def _put_back(self):
        self._world.put_back(self._random.randrange(100))

    def _take_down(self):
        """Take Redis or the population down, or have it back; mostly the latter."""
        server = self._random.choice((self._world.redis, self._world.population))
        server.is_up = not server.is_up or self._random.random() < 0.7

    def _swap_cards(self):
        self._world.swap_cards(*self._random.sample(sorted(CARDS), 2))

    def _set_clock(self):
        self._world.set_clock(by_s=self._random.choice(SETTINGS_S))

    def _restart(self):
        with_new_secret = self._random.random() < 0.5
        return self._world.restart(self._worker(), with_new_secret=with_new_secret)

    def _worker(self):
        return self._random.choice(WORKERS)

    def _citizen(self):
        return self._random.choice(tuple(CITIZENS))


def walk(seed, steps=WALK):
    """Walk through a new world, which then tells what was answered.

    Raises:
        HarmError: What must never happen has; it names the seed and the steps.
    """
    clock = HandClock()
    with asyncio.Runner(loop_factory=lambda: WorldLoop(clock)) as runner:
        try:
            return runner.run(Walk(seed, clock).go(steps))
        except HarmError as harm:
            raise HarmError(f"walk({seed}, {steps}): {harm}") from None
