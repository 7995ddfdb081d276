"""Population and gateway in a row, behind the cache as at work."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from adapters.chain import Chain
from cache.filling import Filling
from cache.remembering import Remembering
from cache.single_flight import SingleFlight
from lookup.deadline import Deadline
from lookup.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    SourceUnavailableError,
)
from lookup.record import BirthDate, Facet
from lookup.request import Claim
from tests.support.builders import (
    a_card,
    a_citizen_id,
    a_coverage,
    a_health,
    a_person,
)
from tests.support.caches import FRESHNESS, NOWHERE, Worker
from tests.support.clock import HandClock
from tests.support.fakes import FakeSource
from tests.support.waiting import soon

LAN = a_citizen_id()
CLAIM = Claim("Nguyễn Thị Lan", BirthDate(year=1980, month=3, day=5))
OTHER_CLAIM = replace(CLAIM, full_name="Trần Văn An")
LOAD_MAX_S = 4.0


@dataclass
class Row:
    """Two sources in a chain, and the whole stack before it."""

    clock: HandClock
    population: FakeSource
    gateway: FakeSource
    stack: Remembering

    async def ask(self, claim=CLAIM, *, within_s=9.0):
        deadline = Deadline(self.clock.monotonic() + within_s, self.clock.monotonic)
        return await self.stack.fetch(LAN, Facet.COVERAGE, deadline, claim=claim)

    @property
    def loads(self):
        of = Facet.COVERAGE
        return self.population.loads[of], self.gateway.loads[of]


@asynccontextmanager
async def a_row(*, is_guarded=True):
    worker = Worker(HandClock())
    watch = {"clock": worker.clock, "metrics": worker.metrics}
    population, gateway = FakeSource(worker.clock), FakeSource(worker.clock)
    chain = Chain(first=population, second=gateway, first_max_s=1.0)
    async with worker.redis(NOWHERE) as redis:
        tiers = worker.tiers(redis)
        filling = Filling(tiers, chain) if is_guarded else Forgetful(tiers, chain)
        flights = SingleFlight(filling, load_max_s=LOAD_MAX_S, **watch)
        stack = Remembering(tiers, flights, freshness=FRESHNESS, **watch)
        yield Row(worker.clock, population, gateway, stack)
        await stack.aclose()
        await flights.aclose()


@dataclass
class Forgetful:
    """``Filling`` without its guard: it keeps what was withheld, too."""

    cache: object
    source: object

    async def fetch(self, identifier, facet, deadline, *, claim=None):
        finding = await self.source.fetch(identifier, facet, deadline, claim=claim)
        await self.cache.put(identifier, facet, finding)
        return finding


@pytest.fixture
async def row():
    async with a_row() as row:
        yield row


async def test_whom_the_population_knows_the_gateway_is_not_asked_about(row):
    row.population.know(a_coverage())

    finding = await row.ask()

    assert finding.record == a_coverage()
    assert row.loads == (1, 0)


async def test_whom_it_does_not_know_the_gateway_is_asked_about(row):
    row.gateway.know(a_coverage())

    finding = await row.ask()

    assert finding.record == a_coverage()
    assert row.gateway.claims == [CLAIM]


async def test_what_the_gateway_knows_is_remembered(row):
    row.gateway.know(a_coverage(), version=0)
    await row.ask()

    finding = await row.ask(OTHER_CLAIM)

    assert finding.record == a_coverage()
    assert row.loads == (1, 1)


async def test_a_population_that_learns_of_a_person_replaces_the_gateways_word(row):
    row.gateway.know(a_coverage(), version=0)
    await row.ask()
    richer = a_coverage(cards=(a_card(benefit_level=2),))

    row.population.know(richer, version=7)
    row.clock.move(by_s=FRESHNESS.fresh_s)

    assert (await row.ask()).record == richer


async def test_a_person_without_a_card_gets_those_the_gateway_knows(row):
    protected = a_person(is_restricted=True)
    row.population.know(a_coverage(person=protected, cards=()), version=7)
    row.gateway.know(a_coverage(), version=0)

    finding = await row.ask()

    assert finding.record == a_coverage(person=protected)
    assert finding.version == 7


@pytest.mark.parametrize("knows", ["nobody", "no card", "another claim"])
async def test_a_person_without_a_card_stays_so_when_the_gateway_knows_none(row, knows):
    alone = a_coverage(cards=())
    row.population.know(alone)
    if knows == "no card":
        row.gateway.know(alone)
    if knows == "another claim":
        row.gateway.withhold("060")

    assert (await row.ask()).record == alone
    assert row.loads == (1, 1)


async def test_a_thin_claim_about_somebody_known_is_not_sent_to_the_gateway(row):
    alone = a_coverage(cards=())
    row.population.know(alone)

    thin = replace(CLAIM, birth_date=None)

    assert (await row.ask(thin)).record == alone
    assert row.loads == (1, 0)


async def test_health_of_somebody_known_is_not_sent_to_the_gateway(row):
    row.population.know(a_health())
    deadline = Deadline(row.clock.monotonic() + 1, row.clock.monotonic)

    finding = await row.stack.fetch(LAN, Facet.HEALTH, deadline, claim=CLAIM)

    assert finding.record == a_health()
    assert row.gateway.loads == {}


@pytest.mark.parametrize(("is_guarded", "code"), [(True, None), (False, "nobody")])
async def test_a_wrong_claim_does_not_hide_a_person_from_the_right_one(
    is_guarded, code
):
    async with a_row(is_guarded=is_guarded) as row:
        row.gateway.withhold("060")
        wrong = await row.ask(OTHER_CLAIM)
        row.gateway.plug()
        row.gateway.know(a_coverage())

        right = await row.ask()

    assert (wrong.record, wrong.withheld) == (None, "060")
    assert (None if right.record else "nobody") == code


async def test_who_asks_at_once_with_another_claim_gets_an_answer_of_their_own(row):
    row.gateway.hold()
    row.gateway.withhold("060")
    asking = [asyncio.create_task(row.ask(each)) for each in (CLAIM, OTHER_CLAIM)]
    asking.append(asyncio.create_task(row.ask(CLAIM)))
    await soon(row.gateway.asked.wait())

    row.gateway.release()
    await asyncio.gather(*asking)

    assert row.gateway.claims == [CLAIM, OTHER_CLAIM]


async def test_a_gateway_that_is_away_is_no_nobody(row):
    row.gateway.unplug()

    with pytest.raises(SourceUnavailableError):
        await row.ask()


async def test_a_gateway_that_is_away_leaves_the_stale_record(row):
    row.gateway.know(a_coverage(), version=0)
    await row.ask()
    row.clock.move(by_s=FRESHNESS.fresh_s)
    row.gateway.unplug()

    finding = await row.ask()

    assert finding.record == a_coverage()
    assert finding.is_stale


async def test_a_stale_record_is_enough_for_a_thin_claim(row):
    row.gateway.know(a_coverage(), version=0)
    await row.ask()
    row.clock.move(by_s=FRESHNESS.fresh_s)
    row.gateway.fail(InvalidRequestError(), Facet.COVERAGE)

    assert (await row.ask(None)).is_stale


async def test_a_population_that_fails_is_not_replaced_by_the_gateway(row):
    row.population.unplug()
    row.gateway.know(a_coverage())

    with pytest.raises(SourceUnavailableError):
        await row.ask()
    assert row.loads == (1, 0)


async def test_an_answer_after_the_deadline_is_there_for_the_next_lookup(row):
    row.gateway.know(a_coverage(), version=0)
    row.gateway.hold()
    with pytest.raises(DeadlineExceededError):
        await row.ask(within_s=0.01)

    row.gateway.release()
    finding = await row.ask()

    assert finding.record == a_coverage()
    assert row.loads == (1, 1)


class Watched:
    """A source that notes how much time it was given."""

    def __init__(self, clock):
        self.source = FakeSource(clock)
        self.left_s = None

    async def fetch(self, identifier, facet, deadline, *, claim=None):
        self.left_s = deadline.left_s()
        return await self.source.fetch(identifier, facet, deadline, claim=claim)


@pytest.mark.parametrize(("left_s", "share_s"), [(9.0, 1.0), (0.5, 0.5)])
async def test_the_first_has_its_share_of_the_time_and_the_second_the_rest(
    left_s, share_s
):
    clock = HandClock()
    first, second = Watched(clock), Watched(clock)
    deadline = Deadline(clock.monotonic() + left_s, clock.monotonic)

    chain = Chain(first=first, second=second, first_max_s=1.0)
    await chain.fetch(LAN, Facet.COVERAGE, deadline)

    assert (first.left_s, second.left_s) == (share_s, left_s)


async def test_nothing_is_asked_when_time_is_up(row):
    with pytest.raises(DeadlineExceededError):
        await row.ask(within_s=0.0)

    assert row.loads == (0, 0)
