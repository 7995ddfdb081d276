import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from lookup.web.vss_tokens import LIFETIME, Holder, Tokens
from tests.support.clock import MORNING as NOW

TOKENS = Tokens(b"t" * 32)
HOLDER = Holder("68001_BV", "A" * 32, "7f3c", "192.0.2.1")


@pytest.fixture
def token():
    token, _ = TOKENS.issue(HOLDER, NOW)
    return token


def flipped(token, place):
    raw = bytearray(base64.urlsafe_b64decode(token + "=="))
    raw[place] ^= 1
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_token_opens_for_ten_minutes(token):
    moments = [timedelta(0), LIFETIME - timedelta.resolution, LIFETIME]

    opens = [TOKENS.opens(token, HOLDER, NOW + moment) for moment in moments]

    assert opens == [True, True, False]


def test_its_end_is_told():
    assert TOKENS.issue(HOLDER, NOW)[1] == NOW + timedelta(minutes=10)


def test_another_worker_with_the_same_key_honours_it(token):
    assert Tokens(b"t" * 32).opens(token, HOLDER, NOW)
    assert not Tokens(b"u" * 32).opens(token, HOLDER, NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"username": "68002_BV"},
        {"password_md5": "B" * 32},
        {"id_token": "7f3d"},
        {"id_token": ""},
        {"address": "192.0.2.2"},
        {"address": ""},
        {"id_token": "7f3c192", "address": ".0.2.1"},
        {"username": "68001_BVA", "password_md5": "A" * 31},
    ],
)
def test_it_opens_for_nobody_else(token, other):
    assert not TOKENS.opens(token, replace(HOLDER, **other), NOW)


def test_the_password_may_come_in_either_case(token):
    assert TOKENS.opens(token, replace(HOLDER, password_md5="a" * 32), NOW)


@pytest.mark.parametrize("place", range(40))
def test_no_byte_of_it_can_be_another(token, place):
    assert not TOKENS.opens(flipped(token, place), HOLDER, NOW)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:0],
        lambda token: token[:-1],
        lambda token: token[1:],
        lambda token: token + "A",
        lambda token: token + "=",
        lambda token: token + "\n",
        lambda token: token * 1_000,
        lambda token: token.swapcase(),
        lambda token: token[::-1],
        lambda token: token[:-1] + chr(ord(token[-1]) + 1),
        lambda token: "A" * len(token),
        lambda token: "_" * len(token),
        lambda token: "ẞ" * len(token),
        lambda token: "\udc80" * len(token),
        lambda token: token[:8],
    ],
)
def test_nothing_like_it_opens(token, spoil):
    assert not TOKENS.opens(spoil(token), HOLDER, NOW)


def test_a_later_end_cannot_be_written_into_it(token):
    raw = base64.urlsafe_b64decode(token + "==")
    later = base64.urlsafe_b64encode(b"\xff" * 8 + raw[8:]).decode().rstrip("=")

    assert not TOKENS.opens(later, HOLDER, NOW)


def test_odd_texts_of_a_holder_do_no_harm():
    odd = Holder("\udc80", "\x00", "🩺", "")

    token, _ = TOKENS.issue(odd, NOW)

    assert TOKENS.opens(token, odd, NOW)


def test_a_token_and_its_holder_never_show(token):
    assert not base64.urlsafe_b64decode(token + "==").count(b"68001")
    assert "A" * 32 not in repr(HOLDER)


def test_token_of_another_secret_opens_while_that_is_replaced():
    token, _ = TOKENS.issue(HOLDER, NOW)

    rotated = Tokens(b"n" * 32, b"t" * 32)

    assert rotated.opens(token, HOLDER, NOW)
    assert not TOKENS.opens(rotated.issue(HOLDER, NOW)[0], HOLDER, NOW)
