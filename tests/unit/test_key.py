import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.key import Keys, redis_name, subkey
from lookup.citizen_id import (
    CardNumber,
    CitizenId,
    LegacyId,
    SocialInsuranceNumber,
)
from lookup.record import Facet

SECRET = bytes(range(32))
SHAPE = b"s" * 16
KEYS = Keys(SECRET, SHAPE)


def key(identifier, facet=Facet.COVERAGE, *, keys=KEYS):
    return keys.of(identifier, facet)


def test_one_number_has_one_key():
    assert key(CitizenId("068180000001")) == key(CitizenId("068180000001"))


@pytest.mark.parametrize(
    "other",
    [
        key(CitizenId("068180000002")),
        key(CitizenId("068180000001"), Facet.HEALTH),
        key(CitizenId("068180000001"), keys=Keys(b"x" * 32, SHAPE)),
        key(CitizenId("068180000001"), keys=Keys(SECRET, b"t" * 16)),
    ],
)
def test_number_facet_secret_and_shape_make_the_key(other):
    assert key(CitizenId("068180000001")) != other


def test_the_kind_of_number_makes_the_key():
    kinds = [CitizenId, LegacyId, CardNumber, SocialInsuranceNumber]

    assert len({key(kind("123456789")) for kind in kinds}) == 4


@given(st.from_regex("[0-9]{12}", fullmatch=True))
def test_a_name_in_redis_is_short_and_without_the_number(digits):
    name = redis_name(key(CitizenId(digits)))

    assert re.fullmatch("tracuu:1:[A-Za-z0-9_-]{43}", name)
    assert digits not in name


def test_each_purpose_has_a_key_of_its_own():
    keys = {subkey(SECRET, b"key"), subkey(SECRET, b"seal"), SECRET}

    assert len(keys) == 3
    assert {len(one) for one in keys} == {32}
