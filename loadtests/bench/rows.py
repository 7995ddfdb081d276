"""What is measured: the rows of the table, each a server and a way to ask it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from loadtests.bench.questions import Account, Asking, Person, gateway_lookup

ACTIVE = b'"code":"000"'
NOBODY = b'"code":"050"'
FROM_MEMORY = b'"source":"memory"'
FROM_REDIS = b'"source":"redis"'
FROM_POPULATION = b'"source":"population"'

FHIR_SOURCE = b'"source":"urn:tracuu:source:'

TWO_WORKERS_WARM_BY = 16
"""Connections fall to a worker by chance; by so many, each worker meets everybody."""


@dataclass(frozen=True, slots=True, repr=False)
class Desk:
    """As whom we ask."""

    asking: Asking
    account: Account | None = None
    """In the insurer's protocol; None elsewhere."""


Write = Callable[[Desk, Person], bytes]


@dataclass(frozen=True, slots=True)
class Row:
    """One row: who is asked, what, about whom, and what must come back."""

    name: str
    says: str
    """What it is, for the table."""

    server: str
    write: Write
    expected: tuple[bytes, ...] = (ACTIVE,)
    people: Literal["hot", "cold", "unknown", "forgotten"] = "hot"
    """hot: asked about again and again, and known to the caches. cold: asked about
    once in a run. unknown: the same, and nobody's number. forgotten: everybody, once
    in a window, before which Redis is emptied."""

    shows_number: bool = True
    """Whether the number asked for stands in the answer."""

    warm_by: int = 1
    """How many connections each ask about all hot people first."""

    is_open: bool = False
    """Whether requests come at half of capacity, however long the answers take."""

    signs_in: bool = False
    """Whether a token of the insurer's protocol is needed."""


def _lookup(desk: Desk, person: Person) -> bytes:
    return desk.asking.lookup(person)


def _both_facets(desk: Desk, person: Person) -> bytes:
    return desk.asking.both_facets(person)


def _gateway(desk: Desk, person: Person) -> bytes:
    assert desk.account is not None
    return gateway_lookup(person, desk.account)


def _eligibility(desk: Desk, person: Person) -> bytes:
    return desk.asking.eligibility(person)


def _search(desk: Desk, person: Person) -> bytes:
    return desk.asking.patient_search(person)


def _search_of_peer(desk: Desk, person: Person) -> bytes:
    return desk.asking.patient_search(person, prefix="")


ROWS = (
    Row("nginx", "nginx, static answer", "nginx", _lookup, shows_number=False),
    Row("bare", "bare aiohttp POST", "bare", _lookup, shows_number=False),
    Row("memory", "memory hit", "service", _lookup, (ACTIVE, FROM_MEMORY)),
    Row("redis", "Redis hit", "no-memory", _lookup, (ACTIVE, FROM_REDIS)),
    Row("miss", "miss", "service", _lookup, (ACTIVE, FROM_POPULATION), "cold"),
    Row(
        "unknown",
        "not found, asked for the first time",
        "service",
        _lookup,
        (NOBODY,),
        "unknown",
        shows_number=False,
    ),
    Row(
        "health",
        "both facets, memory hit",
        "service",
        _both_facets,
        (ACTIVE, FROM_MEMORY, b'"summary":{'),
    ),
    Row(
        "gateway",
        "insurer's protocol, memory hit",
        "service",
        _gateway,
        (b'"maKetQua":"000"',),
        shows_number=False,
        signs_in=True,
    ),
    Row(
        "fhir",
        "FHIR eligibility, memory hit",
        "service",
        _eligibility,
        (ACTIVE, FHIR_SOURCE + b"memory"),
        shows_number=False,
    ),
    Row(
        "search",
        "FHIR patient search, miss",
        "service",
        _search,
        (FHIR_SOURCE + b"population",),
        "cold",
    ),
    Row(
        "two-workers",
        "memory hit, two workers",
        "two-workers",
        _lookup,
        (ACTIVE, FROM_MEMORY),
        warm_by=TWO_WORKERS_WARM_BY,
    ),
    Row(
        "plain",
        "memory hit without authentication, audit, metrics",
        "plain",
        _lookup,
        (ACTIVE, FROM_MEMORY),
    ),
    Row("peer-hot", "FastAPI peer, Redis hit", "peer", _lookup, (ACTIVE, FROM_REDIS)),
    Row(
        "peer-cold",
        "FastAPI peer, miss",
        "peer",
        _lookup,
        (ACTIVE, FROM_POPULATION),
        "cold",
    ),
    Row(
        "peer-stripped",
        "FastAPI peer, Redis hit, without the three",
        "peer-stripped",
        _lookup,
        (ACTIVE, FROM_REDIS),
    ),
    Row(
        "peer-search",
        "fhirstarter peer, patient search, no cache",
        "peer-fhir",
        _search_of_peer,
        (),
        "cold",
    ),
    Row(
        "large",
        "miss at half of capacity, whole population",
        "large",
        _lookup,
        (ACTIVE, FROM_POPULATION),
        "forgotten",
        is_open=True,
    ),
    Row(
        "small",
        "miss at half of capacity, 36,000 citizens",
        "small",
        _lookup,
        (ACTIVE, FROM_POPULATION),
        "forgotten",
        is_open=True,
    ),
)
"""Every row, in the order of the table."""
