import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from lookup.errors import MalformedError
from lookup.public_keys import KEYS_MAX, decode_base64url, read_key_set
from tests.support.smart import ec_key, jwk, key_set, rsa_key


def number(value):
    raw = value.to_bytes((value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


EC = jwk(ec_key(), "ec")
RSA = jwk(rsa_key(), "rsa")


def test_keys_are_known_by_their_kid_and_say_what_they_sign():
    keys = read_key_set(key_set(EC, RSA, jwk(ec_key(number=2), "new", use="sig")))

    assert {kid: key.algorithm for kid, key in keys.items()} == {
        "ec": "ES384",
        "rsa": "RS384",
        "new": "ES384",
    }


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "JWK set"),
        (b"\xff", "JWK set"),
        (b"[" * 5_000, "JWK set"),
        (b'{"keys": ' + b'[{"x":' * 5_000, "JWK set"),
        (json.dumps(EC).encode(), "JWK set"),
        (b'{"keys": [{"kty": "EC"}]}', "JWK set"),
        (key_set(), "1 to 8 keys; it holds 0"),
        (key_set(*(EC | {"kid": str(n)} for n in range(KEYS_MAX + 1))), "holds 9"),
        (key_set(EC, EC), "kid of its own"),
        (key_set(EC | {"kid": ""}), "kid of its own"),
        (key_set(json.loads(ECAlgorithm.to_jwk(ec_key())) | {"kid": "x"}), "private"),
        (key_set({"kty": "oct", "kid": "x", "k": "AAAA"}), "only RSA"),
        (key_set(jwk(ec_key(ec.SECP256R1), "x")), "only RSA"),
        (key_set(EC | {"y": EC["x"]}), "none"),
        (key_set(EC | {"x": ""}), "none"),
        (key_set(EC | {"x": "!"}), "not base64url"),
        (key_set(jwk(rsa_key(1024), "x")), "2048 to 8192 bits"),
        (key_set(RSA | {"n": number(1 << 8_192)}), "2048 to 8192 bits"),
        (key_set(RSA | {"e": number((1 << 40) + 1)}), "exponent"),
        (key_set(RSA | {"e": "AA"}), "none"),
    ],
)
def test_other_key_sets_are_refused(document, reason):
    with pytest.raises(MalformedError, match=reason):
        read_key_set(document)


@pytest.mark.parametrize("size", [0, 95, 97])
def test_a_signature_of_another_size_is_none(size):
    assert not read_key_set(key_set(EC))["ec"].has_signed(b"x", bytes(size))


@pytest.mark.parametrize("kid", ["ec", "rsa"])
@pytest.mark.parametrize("size", [96, 256])
def test_a_signature_of_zeros_is_none(kid, size):
    assert not read_key_set(key_set(EC, RSA))[kid].has_signed(b"x", bytes(size))


@pytest.mark.parametrize("raw", [b"a", b"ab", b"abc", bytes(range(256))])
def test_base64url_is_read_as_jose_writes_it(raw):
    text = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    assert decode_base64url(text) == raw


@pytest.mark.parametrize(
    "text", ["YQ==", "YR", "a", "a b", "é", "YQ\n", "+/+/", "\udc80"]
)
def test_other_spellings_are_refused(text):
    with pytest.raises(MalformedError):
        decode_base64url(text)
