"""A gateway source before a double of the gateway, and all it tells."""

from contextlib import asynccontextmanager

import pytest

from adapters.vss_contract import Watch
from adapters.vss_gateway import open_gateway
from lookup.citizen_id import CitizenId
from lookup.deadline import Deadline
from lookup.errors import SourceUnavailableError
from lookup.events import Events
from lookup.metrics import Metrics
from lookup.record import BirthDate, Facet
from lookup.request import Claim
from tests.support.builders import CARD_NUMBER, CITIZEN_ID, a_coverage, a_health
from tests.support.clock import HandClock
from tests.support.gateway_double import (
    ACCOUNT,
    card_answer,
    open_double,
    visits_answer,
)

LAN = CitizenId(CITIZEN_ID)
CLAIM = Claim("Nguyen Thi Lan", BirthDate(year=1980, month=3, day=5))
NUMBERS = (CITIZEN_ID, CARD_NUMBER, "6800000001")


class Asker:
    """Asks in few words."""

    def __init__(self, double):
        self.double = double
        self.clock = HandClock()
        self.metrics = Metrics.in_memory()
        self.told = []
        self.source = None

    async def ask(self, number=LAN, facet=Facet.COVERAGE, *, claim=CLAIM, within_s=9.0):
        ends_s = self.clock.monotonic() + within_s
        deadline = Deadline(ends_s, self.clock.monotonic)
        return await self.source.fetch(number, facet, deadline, claim=claim)

    async def fails(self, **question):
        with pytest.raises(SourceUnavailableError):
            await self.ask(**question)

    def counted(self, name, *labels):
        return self.metrics.read(f"tracuu_gateway_{name}_total", *labels)

    def says(self, event):
        return [fields for name, fields in self.told if name == event]


@asynccontextmanager
async def an_asker(double, *, account=ACCOUNT, timeout_s=5.0):
    asker = Asker(double)
    events = Events(lambda _, event, fields: asker.told.append((event, fields)))
    watch = Watch(clock=asker.clock, metrics=asker.metrics, events=events)
    async with open_gateway(
        double.url, account, timeout_s=timeout_s, watch=watch
    ) as asker.source:
        yield asker


@asynccontextmanager
async def open_double_of_lan():
    """A gateway that knows one person."""
    async with open_double() as double:
        double.know(NUMBERS, card_answer(a_coverage()), visits_answer(a_health()))
        yield double
