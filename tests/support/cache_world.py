"""Workers with the whole cache core, and all that can happen to them, step by step.

Everything between a lookup and the wires is real. The wires, the population and the
time are made by hand: nothing waits for the real clock, and each step is one verb.
What must never happen is looked for in every answer, and told by ``HarmError``.
"""

import asyncio
import hashlib
from collections import Counter, deque
from contextlib import asynccontextmanager
from functools import lru_cache
from itertools import count

from redis.exceptions import ConnectionError as RedisGoneError

from cache.entry import shape
from cache.filling import Filling
from cache.key import Keys
from cache.memory_store import MemoryStore
from cache.pause import Pause
from cache.redis_reads import RedisReads
from cache.redis_store import RedisStore
from cache.redis_writes import RedisWrites
from cache.remembering import NO_ANSWER, Remembering
from cache.seal import Seal
from cache.sealed_store import SealedStore
from cache.single_flight import SingleFlight
from cache.tiers import FLOOR_MIN_S, Shared, Stores, Tiers
from lookup.deadline import Deadline
from lookup.errors import SourceUnavailableError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.record import Facet
from tests.support.cache_truth import (
    CITIZENS,
    WHOSE,
    HarmError,
    Population,
    facet_of,
    told_by,
)
from tests.support.caches import FRESHNESS

WORKERS = (0, 1)
WITHIN_S = 1.0
"""How long a lookup waits, and a load lasts."""

MEMORY_MAX_BYTES = 6_000
"""Room for a few entries, so that memory pushes some out."""

SECRETS = 4
"""So many are used by turns."""

UNDER_WAY_MAX = 24
"""Lookups at once, per world."""


class WorldLoop(asyncio.SelectorEventLoop):
    """A loop that lives by the clock of the world."""

    def __init__(self, clock):
        super().__init__()
        self._of_world = clock

    def time(self):
        return self._of_world.monotonic()


class Wires:
    """Lets pass what goes over a network, or holds it."""

    def __init__(self):
        self.is_holding = False
        self._held = deque()

    async def passed(self):
        """Wait while the wires hold."""
        if self.is_holding:
            gate = asyncio.get_running_loop().create_future()
            self._held.append(gate)
            await gate

    def let_go(self, at_most=None):
        """Let pass what was held first."""
        for _ in range(len(self._held) if at_most is None else at_most):
            if not self._held:
                return
            gate = self._held.popleft()
            if not gate.done():
                gate.set_result(None)


class WorldRedis:
    """As much of Redis and its client as ``RedisStore`` uses; no value ever ends."""

    def __init__(self, wires):
        self.values = {}
        self.former = {}
        """What each name held before."""

        self.is_up = True
        self._wires = wires

    async def mget(self, names):
        """What was there when it was asked, after a way back."""
        self._refuse_if_down()
        values = [self.values.get(name) for name in names]
        await self._wires.passed()
        self._refuse_if_down()
        return values

    @asynccontextmanager
    async def pipeline(self, *, transaction):
        assert not transaction
        yield WorldPipeline(self)

    async def apply(self, commands):
        """Write after a way there."""
        await self._wires.passed()
        self._refuse_if_down()
        for verb, name, *value in commands:
            if name in self.values:
                self.former[name] = self.values[name]
            if verb == "DEL":
                self.values.pop(name, None)
            else:
                self.values[name] = value[0]
        return [True] * len(commands)

    def _refuse_if_down(self):
        if not self.is_up:
            raise RedisGoneError


class WorldPipeline:
    """Commands that travel together."""

    def __init__(self, redis):
        self._redis = redis
        self._commands = []

    def execute_command(self, *command):
        self._commands.append(command)

    async def execute(self, *, raise_on_error):
        assert not raise_on_error
        return await self._redis.apply(self._commands)


class Loads:
    """The ``RecordSource`` of one worker; no question may be under way twice."""

    def __init__(self, world):
        self._world = world
        self._under_way = Counter()

    async def fetch(self, identifier, facet, deadline, *, claim=None):
        del claim
        place = identifier, facet
        self._world.operations += 1
        self._under_way[place] += 1
        if self._under_way[place] > 1:
            self._world.harm("one question is loaded twice at once")
        try:
            finding = self._world.population.says(identifier, facet)
            await self._world.wires.passed()
            deadline.left_s()
            if not self._world.population.is_up:
                raise SourceUnavailableError("unplugged")
            return finding
        finally:
            self._under_way[place] -= 1


class WatchedMemory(MemoryStore):
    """Tells when something newer is replaced by something older."""

    def __init__(self, world, metrics):
        super().__init__(MEMORY_MAX_BYTES, metrics=metrics)
        self._world = world

    def put(self, key, entry):
        held = self.get(key)
        if held is not None and held.label.version > entry.label.version > 0:
            self._world.harm("a newer version is replaced by an older one")
        super().put(key, entry)


class WorldWorker:
    """One worker process: its cache, and what it has heard."""

    def __init__(self, world, secrets):
        self._metrics = Metrics.in_memory()
        self._events = Events(lambda *_: None)
        self.tiers = self._tiers(world, secrets)
        self.flights = SingleFlight(
            Filling(self.tiers, Loads(world)),
            clock=world.clock,
            load_max_s=WITHIN_S,
            metrics=self._metrics,
        )
        self.remembering = Remembering(
            self.tiers,
            self.flights,
            freshness=FRESHNESS,
            clock=world.clock,
            metrics=self._metrics,
        )
        self.remembering._draw = world.die
        self.lookups = set()
        self.unheard = deque()
        self.heard = {}
        """By citizen and facet: the version, until when its floor stands, and how often
        the time of day had been set back by then."""

    def _tiers(self, world, secrets):
        metrics, events = self._metrics, self._events
        pause = Pause(world.clock, metrics=metrics, events=events)
        self.reads = RedisReads(world.redis, timeout_s=0.05, pause=pause)
        self.writes = RedisWrites(
            world.redis, timeout_s=0.05, pause=pause, metrics=metrics
        )
        redis = RedisStore(self.reads, self.writes)
        shared, *others = (
            Shared(keys_of(each), SealedStore(redis, seal_of(each), events=events))
            for each in secrets
        )
        return Tiers(
            Stores(WatchedMemory(world, metrics), shared, tuple(others)),
            freshness=FRESHNESS,
            clock=world.clock,
            metrics=metrics,
        )

    def kill(self):
        """End it as ``kill -9`` does: nothing that waits is done."""
        writer = self.writes._writer
        for task in (
            *self.lookups,
            *self.reads._readers,
            *self.flights._loads.values(),
            *self.remembering._refreshes.values(),
            *([writer] if writer else []),
        ):
            task.cancel()


class World:
    """Two workers, one Redis, one population, one clock."""

    def __init__(self, clock, die):
        self.clock = clock
        self.die = die
        self.wires = Wires()
        self.redis = WorldRedis(self.wires)
        self.population = Population(clock)
        self.answered = Counter()
        """By source, and how many had no answer."""

        self.operations = 0
        """Lookups, loads and changes that the cores of both workers were given."""

        self._secret = 0
        self._setbacks = 0
        self._harms = []
        self._lookups = {}
        self._numbers = count()
        self.workers = [self._worker() for _ in WORKERS]

    def _worker(self):
        secrets = [self._secret, (self._secret - 1) % SECRETS]
        return WorldWorker(self, [secret_of(each) for each in secrets])

    def harm(self, what):
        """Something happened that must not; told with the next step."""
        self._harms.append(what)

    async def turn(self, turns=1):
        """Let go on whatever can, for some turns of the loop."""
        for _ in range(turns):
            await asyncio.sleep(0)
        if self._harms:
            raise HarmError(self._harms[0])

    async def settle(self):
        """Let everything pass and come to its end."""
        self.hold(is_holding=False)
        while self._lookups:
            self.wires.let_go()
            self.clock.move(by_s=0.1)
            await self.turn(5)

    # What people, operators and faults do.

    def look_up(self, w, number, facet):
        """Begin a lookup; its answer is judged the moment it is there."""
        if len(self._lookups) >= UNDER_WAY_MAX:
            self.wires.let_go()
            self.clock.move(by_s=WITHIN_S)
        self.operations += 1
        ticket = next(self._numbers)
        worker = self.workers[w]
        task = asyncio.create_task(self._asked(worker, number, facet))
        self._lookups[ticket] = task
        worker.lookups.add(task)
        task.add_done_callback(lambda _: self._lookups.pop(ticket))
        task.add_done_callback(worker.lookups.discard)

    def leave(self, place):
        """Cancel one of the lookups under way."""
        if self._lookups:
            tickets = list(self._lookups)
            self._lookups[tickets[place % len(tickets)]].cancel()

    def change(self, n, *, is_there=True):
        """Change, add or remove a citizen."""
        self.population.version[n] += 1
        self.population.is_there[n] = is_there
        for worker in self.workers:
            worker.unheard.append((n, self.population.version[n]))

    def swap_cards(self, one, other):
        """Give each the card of the other."""
        cards = self.population.card
        cards[one], cards[other] = cards[other], cards[one]
        for n in {one, other}:
            self.change(n, is_there=self.population.is_there[n])

    async def hear(self, w):
        """A worker hears of the next change."""
        worker = self.workers[w]
        if worker.unheard:
            await self._heard(worker, *worker.unheard.popleft())

    def hold(self, *, is_holding):
        """Hold from now on what goes over the wires, or no more."""
        self.wires.is_holding = is_holding

    def set_clock(self, *, by_s):
        """Set the time of day otherwise; durations go on."""
        self._setbacks += by_s < 0
        self.clock.turn(by_s=by_s)

    def swap_values(self, shift):
        """Somebody puts the values of others where they do not belong."""
        values = list(self.redis.values.values())
        shift %= max(1, len(values))
        shifted = values[shift:] + values[:shift]
        self.redis.values = dict(zip(self.redis.values, shifted, strict=True))

    def put_back(self, place):
        """Somebody puts a former value where it was."""
        if self.redis.former:
            names = list(self.redis.former)
            name = names[place % len(names)]
            self.redis.values[name] = self.redis.former[name]

    def spoil(self, place):
        """A bit of a value tips over."""
        if self.redis.values:
            names = list(self.redis.values)
            name = names[place % len(names)]
            value = bytearray(self.redis.values[name])
            value[place * 7 % len(value)] ^= 1 << place % 8
            self.redis.values[name] = bytes(value)

    async def restart(self, w, *, with_new_secret):
        """Kill a worker; its successor hears again of all that has changed."""
        self.workers[w].kill()
        if with_new_secret:
            self._secret = (self._secret + 1) % SECRETS
        self.workers[w] = worker = self._worker()
        if self.population.is_up:
            for n, version in self.population.version.items():
                if version:
                    await self._heard(worker, n, version)

    async def _heard(self, worker, n, version):
        until_s = self.clock.monotonic() + FLOOR_MIN_S
        for facet in Facet:
            self.operations += 1
            await worker.tiers.forget(CITIZENS[n], facet, version)
            worker.heard[n, facet] = version, until_s, self._setbacks

    # What must hold.

    async def _asked(self, worker, number, facet):
        monotonic = self.clock.monotonic
        deadline = Deadline(monotonic() + WITHIN_S, monotonic)
        try:
            finding = await worker.remembering.fetch(number, facet, deadline)
        except NO_ANSWER:
            self.answered["none"] += 1
            return
        self.answered["stale" if finding.is_stale else finding.source] += 1
        self._check_whose(finding, number, facet)
        if finding.source != "population":
            self._check_age(finding)
            self._check_version(worker, finding, number=number, facet=facet)

    def _check_whose(self, finding, number, facet):
        if finding.record is None:
            return
        n, version, cards = told_by(finding.record)
        if facet is not facet_of(finding.record) or version != finding.version:
            self.harm("an answer is put together from two")
        is_theirs = WHOSE[number] == n if number in WHOSE else number in cards
        if not is_theirs:
            self.harm("an answer is about another citizen")

    def _check_age(self, finding):
        fresh_s, usable_s = FRESHNESS.fresh_s, FRESHNESS.usable_s
        if finding.record is None:
            fresh_s, usable_s = FRESHNESS.nobody_fresh_s, 10 * FRESHNESS.nobody_fresh_s
        age_s = (self.clock.now() - finding.as_of).total_seconds()
        if age_s >= usable_s:
            self.harm("an answer is older than it may be used")
        if age_s >= fresh_s and not finding.is_stale:
            self.harm("an old answer is not marked so")

    def _check_version(self, worker, finding, *, number, facet):
        if finding.is_stale or (finding.record is None and number not in WHOSE):
            return
        n = WHOSE[number] if finding.record is None else told_by(finding.record)[0]
        version, until_s, setbacks = worker.heard.get((n, facet), (0, 0.0, 0))
        if setbacks != self._setbacks:
            return  # nobody knows any more how old what is
        if finding.record is None and self.clock.monotonic() >= until_s:
            return
        if finding.version < version:
            self.harm("an answer is from before a change that was heard of")


@lru_cache
def secret_of(number):
    return hashlib.sha256(bytes([number])).digest()


@lru_cache
def seal_of(secret):
    return Seal(secret)


@lru_cache
def keys_of(secret):
    return Keys(secret, shape())
