"""What a thief of Redis learns who has everything in it but no secret of ours.

A dump would hide more: Redis packs it. Here names and values lie open.
"""

import base64
import hashlib
from itertools import product

import pytest
from redis.asyncio import Redis

from cache.entry import Held, encode, shape
from cache.key import Keys, redis_name
from lookup.citizen_id import CardNumber, CitizenId
from lookup.record import Facet
from tests.support.builders import (
    a_card,
    a_citizen_id,
    a_coverage,
    a_finding,
    a_health,
)
from tests.support.caches import Worker, clock_of_redis, written
from tests.support.crowd import a_crowd

PEOPLE = a_crowd(50)

SPACE = [a_citizen_id(n) for n in range(1_000)]
"""All the numbers of a province, a sex and a year of birth, as far as births go."""

HASHES = ("md5", "sha1", "sha256", "sha512", "sha3_256", "blake2b", "blake2s")

GUESSES = (bytes(32), b"\xff" * 32, bytes(range(1, 33)), b"tracuu".ljust(32, b"\0"))
"""Secrets that a careless operator may choose, and a thief tries."""


def record_of(person, n):
    card = a_card(card_number=f"GD468{6_800_000_000 + n}")
    return a_coverage(person=person, cards=(card,))


@pytest.fixture
async def stolen(redis_url):
    """Names and values of a Redis in which everybody is, by each of their numbers."""
    worker = Worker(clock_of_redis())
    async with worker.redis(redis_url) as redis, Redis.from_url(redis_url) as raw:
        tiers = worker.tiers(redis)
        for n, person in enumerate(PEOPLE):
            finding = a_finding(record=record_of(person, n), as_of=worker.clock.now())
            health = a_health(citizen_id=person.citizen_id)
            card = CardNumber(finding.record.cards[0].card_number)
            await tiers.put(card, Facet.COVERAGE, finding)
            await tiers.put(
                CitizenId(person.citizen_id),
                Facet.HEALTH,
                a_finding(record=health, as_of=worker.clock.now()),
            )
        await written(redis)
        names = await raw.keys()
        return dict(zip(names, await raw.mget(names), strict=True))


def spellings(digits):
    """A number as a thief may find it: text, hexadecimal, base64, packed."""
    text, number = digits.encode(), int(digits)
    packed = [number.to_bytes(8, order) for order in ("big", "little")]
    plain = [text, digits.encode("utf-16-le"), bytes.fromhex(digits), text[::-1]]
    for each in (*plain, *packed, *(raw.strip(b"\0") for raw in packed)):
        yield each
        yield each.hex().encode()
        # Whatever stands before it, base64 has it in one of three forms.
        for before in range(3):
            coded = base64.b64encode(bytes(before) + each)
            yield coded[4 if before else 0 : len(coded) // 4 * 4 - 4] or coded
    yield b"%x" % number


def found_in(haystack):
    """Which citizen IDs of the crowd stand in it, in whatever spelling."""
    return {
        person.citizen_id
        for person in PEOPLE
        if any(
            spelling in haystack
            for spelling in spellings(person.citizen_id)
            if len(spelling) > 4
        )
    }


def unkeyed_names():
    """The name of every number that is, by every hash that needs no secret."""
    for citizen_id, facet in product(SPACE, Facet):
        digits = citizen_id.digits
        texts = (digits, f"citizen_id|{digits}|{facet}", f"{digits}|{facet}")
        for text, name in product(texts, HASHES):
            hashed = hashlib.new(name, text.encode()).digest()
            yield redis_name(hashed[:32]).encode(), digits
            yield redis_name(hashed.hex().encode()).encode(), digits


def guessed_names():
    """The same by our own hash with secrets that are easily guessed."""
    for secret in GUESSES:
        keys = Keys(secret, shape())
        for citizen_id, facet in product(SPACE, Facet):
            yield redis_name(keys.of(citizen_id, facet)).encode(), citizen_id.digits


def brute_forced(names):
    """The numbers of which a thief finds the names by trying all that are."""
    tried = {**dict(unkeyed_names()), **dict(guessed_names())}
    return {tried[name] for name in names if name in tried}


async def test_no_number_is_found_in_a_stolen_redis_or_by_trying_all(stolen):
    everything = b"\n".join((*stolen, *stolen.values()))

    assert len(stolen) == 3 * len(PEOPLE)
    assert found_in(everything) == set()
    assert brute_forced(stolen) == set()


def test_values_that_are_not_sealed_give_every_number():
    held = [
        Held(record=record_of(person, n), as_of=a_finding().as_of)
        for n, person in enumerate(PEOPLE)
    ]

    found = found_in(b"\n".join(map(encode, held)))

    assert found == {person.citizen_id for person in PEOPLE}


@pytest.mark.parametrize("hashed_by", HASHES)
def test_names_by_a_hash_without_a_secret_give_every_number(hashed_by):
    digits = [person.citizen_id for person in PEOPLE]
    names = [
        redis_name(hashlib.new(hashed_by, each.encode()).digest()[:32]).encode()
        for each in digits
    ]

    assert brute_forced(names) == set(digits)


def test_every_spelling_would_be_found():
    digits = PEOPLE[7].citizen_id
    number = int(digits)

    for written_so in (
        digits.encode(),
        digits.encode("utf-16-le"),
        bytes.fromhex(digits),
        digits.encode().hex().encode(),
        number.to_bytes(8, "big"),
        number.to_bytes(5, "little"),
        b"%x" % number,
        base64.b64encode(b"id=" + digits.encode()),
        base64.b64encode(b'{"id":"%b"}' % digits.encode()),
    ):
        assert digits in found_in(b"\x00" + written_so + b"\xff")
