from datetime import UTC, datetime

import pytest

from lookup.assertion import ASSERTION_MAX, read_assertion
from lookup.errors import MalformedError
from tests.support.clock import MORNING
from tests.support.desk import TOKEN_URL
from tests.support.smart import (
    an_assertion,
    by_hand,
    claims_of,
    ec_key,
    known_keys,
)

NOW_S = int(MORNING.timestamp())


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_good_assertion_is_signed_and_without_fault(algorithm):
    assertion = read_assertion(an_assertion(claims_of(MORNING), algorithm=algorithm))

    assert assertion.is_signed_by(known_keys())
    assert assertion.fault(audience=TOKEN_URL, now=MORNING) is None
    assert (assertion.client_id, assertion.jti) == ("benh-vien", "j-1")
    assert assertion.forget_after == datetime.fromtimestamp(NOW_S + 245, UTC)


@pytest.mark.parametrize(
    ("deviation", "fault"),
    [
        ({"iss": "x"}, "iss and sub"),
        ({"aud": "x"}, "aud"),
        ({"aud": [TOKEN_URL, "x"]}, "aud"),
        ({"exp": NOW_S - 5}, "expired"),
        ({"exp": NOW_S + 306}, "within 5 minutes"),
        ({"exp": 1e300}, "within 5 minutes"),
        ({"nbf": NOW_S + 6}, "not valid yet"),
        ({"iat": NOW_S + 6}, "not valid yet"),
        ({"jti": ""}, "jti"),
        ({"jti": "j" * 129}, "jti"),
    ],
)
def test_what_is_wrong_with_a_claim_is_said(deviation, fault):
    assertion = read_assertion(by_hand(HEADER, claims_of(MORNING, **deviation)))

    assert fault in assertion.fault(audience=TOKEN_URL, now=MORNING)


HEADER = {"alg": "ES384", "kid": "ec"}


@pytest.mark.parametrize(
    ("key", "headers"),
    [(ec_key(number=2), {"kid": "ec"}), (None, {"kid": "x"}), (None, {"kid": "rsa"})],
)
def test_a_signature_counts_only_under_the_key_it_names(key, headers):
    text = an_assertion(claims_of(MORNING), key=key, headers=headers)

    assert not read_assertion(text).is_signed_by(known_keys())


@pytest.mark.parametrize(
    "text",
    [
        *("", "a.b", "a.b.c.d", "..", "a" * ASSERTION_MAX + ".b.c"),
        by_hand(HEADER, {"exp": 1}),
        by_hand(HEADER | {"jku": "x"}, claims_of(MORNING)),
        by_hand(b"\xff", claims_of(MORNING)),
        by_hand(b'{"alg":' + b"[" * 3_000, claims_of(MORNING)),
        by_hand(HEADER, b'{"exp": 1e999}'),
    ],
)
def test_what_is_no_assertion_is_refused(text):
    with pytest.raises(MalformedError):
        read_assertion(text)


def test_an_assertion_never_shows():
    assertion = read_assertion(an_assertion(claims_of(MORNING)))

    assert "benh-vien" not in f"{assertion!r}{assertion.claims!r}{assertion.header!r}"
