"""Two workers, a shared store, changes heard early, late or never: what may come out.

Every step is drawn by Hypothesis; the model is what the population says, and which
version each worker has heard of.
"""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from lookup.citizen_id import CardNumber
from lookup.record import Facet
from tests.support.builders import (
    a_card,
    a_citizen_id,
    a_coverage,
    a_finding,
    a_person,
    nobody,
)
from tests.support.caches import FRESHNESS, Worker
from tests.support.clock import HandClock

CITIZENS = {n: a_citizen_id(n) for n in (1, 2)}
CARDS = {n: CardNumber(f"GD468680000000{n}") for n in (1, 2)}

citizens = st.sampled_from(sorted(CITIZENS))
workers = st.sampled_from((0, 1))
numbers = st.sampled_from((CITIZENS, CARDS))


class SharedRedis:
    """Holds values without waiting, and may be emptied."""

    def __init__(self):
        self.values = {}

    async def get(self, key):
        return self.values.get(key, "miss")

    def set(self, key, value, *, not_after_s):  # noqa: ARG002 - it never drops any
        self.values[key] = value

    async def delete(self, key):
        self.values.pop(key, None)


def done(coroutine):
    """The outcome of a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as outcome:
        return outcome.value
    raise AssertionError("it waits")


class Caches(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.clock = HandClock()
        self.redis = SharedRedis()
        self.tiers = [Worker(self.clock).tiers(self.redis) for _ in range(2)]
        self.version = dict.fromkeys(CITIZENS, 0)
        self.heard = {(w, n): 0 for w in (0, 1) for n in CITIZENS}

    def _said(self, n):
        """What the population says now; version 0 is nobody yet."""
        if not self.version[n]:
            return nobody(as_of=self.clock.now())
        record = a_coverage(
            person=a_person(citizen_id=CITIZENS[n].digits),
            cards=(a_card(card_number=CARDS[n].digits),),
        )
        return a_finding(record=record, version=self.version[n], as_of=self.clock.now())

    @rule(n=citizens, by=st.sets(workers))
    def change(self, n, by):
        """A change, which some workers hear of at once."""
        self.version[n] += 1
        for w in by:
            self.hear(w, n)

    @rule(w=workers, n=citizens)
    def hear(self, w, n):
        version = self.version[n]
        self.heard[w, n] = version
        done(self.tiers[w].forget(CITIZENS[n], Facet.COVERAGE, version))

    @rule(w=workers, n=citizens, kind=numbers, by=st.none() | st.sets(workers))
    def load(self, w, n, kind, by):
        """A load, which a change may overtake."""
        finding = self._said(n)
        if by is not None:
            self.change(n, by)
        done(self.tiers[w].put(kind[n], Facet.COVERAGE, finding))

    @rule(by_s=st.sampled_from((1, 59, 300, 600, 40_000, 86_400)))
    def wait(self, by_s):
        self.clock.move(by_s=by_s)

    @rule(n=citizens)
    def swap_in_redis(self, n):
        """Somebody puts the values of others where they do not belong."""
        values = list(self.redis.values.values())
        self.redis.values = dict(
            zip(self.redis.values, values[n:] + values[:n], strict=True)
        )

    @rule(w=workers)
    def ask(self, w):
        for n, citizen_id in CITIZENS.items():
            for number in (citizen_id, CARDS[n]):
                finding = done(self.tiers[w].get(number, Facet.COVERAGE))
                if finding is not None:
                    self._check(finding, w=w, n=n, number=number)

    def _check(self, finding, *, w, n, number):
        fresh_s, usable_s = FRESHNESS.fresh_s, FRESHNESS.usable_s
        if finding.record is None:
            fresh_s, usable_s = FRESHNESS.nobody_fresh_s, 10 * FRESHNESS.nobody_fresh_s
        else:
            assert finding.record.person.citizen_id == CITIZENS[n].digits
        age_s = (self.clock.now() - finding.as_of).total_seconds()
        assert age_s < usable_s
        assert finding.is_stale or age_s < fresh_s
        if finding.record is not None or number in CITIZENS.values():
            assert finding.is_stale or finding.version >= self.heard[w, n]


TestCaches = Caches.TestCase
TestCaches.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, derandomize=True
)
