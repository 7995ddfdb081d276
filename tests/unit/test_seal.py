import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.entry import Label, UnreadableError
from cache.key import Keys
from cache.seal import Seal
from lookup.record import Facet
from tests.support.builders import a_citizen_id

SECRET = bytes(range(32))
SEAL = Seal(SECRET)
KEYS = Keys(SECRET, b"s" * 16)
KEY = KEYS.of(a_citizen_id(1), Facet.COVERAGE)
LABEL = Label(version=7, not_after_s=1_795_572_000.125)
PLAIN = "Nguyễn Thị Lan".encode()


@given(plain=st.binary(max_size=2000), version=st.integers(0, 2**63))
def test_what_was_sealed_opens(plain, version):
    label = Label(version, LABEL.not_after_s)

    assert SEAL.open(KEY, SEAL.seal(KEY, label, plain)) == (label, plain)


def test_nothing_of_the_content_is_seen_from_outside():
    assert PLAIN not in SEAL.seal(KEY, LABEL, PLAIN)
    assert SEAL.seal(KEY, LABEL, PLAIN) != SEAL.seal(KEY, LABEL, PLAIN)


@pytest.mark.parametrize(
    "key",
    [
        KEYS.of(a_citizen_id(2), Facet.COVERAGE),
        KEYS.of(a_citizen_id(1), Facet.HEALTH),
    ],
)
def test_a_value_moved_to_another_key_does_not_open(key):
    sealed = SEAL.seal(KEY, LABEL, PLAIN)

    with pytest.raises(UnreadableError):
        SEAL.open(key, sealed)


def test_another_secret_does_not_open():
    with pytest.raises(UnreadableError):
        Seal(b"x" * 32).open(KEY, SEAL.seal(KEY, LABEL, PLAIN))


@pytest.mark.parametrize("place", range(17 + 12 + len(PLAIN) + 16))
def test_a_value_with_any_byte_changed_does_not_open(place):
    sealed = bytearray(SEAL.seal(KEY, LABEL, PLAIN))
    sealed[place] ^= 1

    with pytest.raises(UnreadableError):
        SEAL.open(KEY, bytes(sealed))


@given(st.binary(max_size=100))
def test_other_bytes_do_not_open(sealed):
    with pytest.raises(UnreadableError):
        SEAL.open(KEY, sealed)


@pytest.mark.parametrize("length", [0, 1, 16, 17, 28, 29, 44])
def test_a_value_cut_short_does_not_open(length):
    with pytest.raises(UnreadableError):
        SEAL.open(KEY, SEAL.seal(KEY, LABEL, PLAIN)[:length])


def test_every_swap_of_two_values_is_found():
    keys = [os.urandom(32) for _ in range(100)]
    sealed = [SEAL.seal(key, LABEL, PLAIN) for key in keys]
    opened = 0

    for place, key in enumerate(keys):
        for other, value in enumerate(sealed):
            try:
                SEAL.open(key, value)
            except UnreadableError:
                assert place != other
            else:
                opened += 1

    assert opened == 100
