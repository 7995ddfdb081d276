"""A client that proves who it is as SMART Backend Services wants it.

Assertions are written by another library than the one that reads them; those that are
to be refused are put together by hand.
"""

import base64
import json
from functools import cache

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from lookup.public_keys import read_key_set
from tests.support.desk import TOKEN_URL

CLIENT_ID = "benh-vien"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@cache
def rsa_key(bits=2048, number=1):  # noqa: ARG001 - another number, another key
    """A private key, the same whenever it is asked for."""
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(curve=ec.SECP384R1, number=1):  # noqa: ARG001 - as above
    return ec.generate_private_key(curve())


def jwk(private, kid, **more):
    """The public half of a key as a JWK."""
    is_rsa = isinstance(private, rsa.RSAPrivateKey)
    writer = RSAAlgorithm if is_rsa else ECAlgorithm
    return json.loads(writer.to_jwk(private.public_key())) | {"kid": kid} | more


def key_set(*jwks):
    """A JWK set as a client would send it for registration."""
    return json.dumps({"keys": list(jwks)}).encode()


def known_keys():
    """The keys of the client of these tests: one of each kind."""
    return read_key_set(key_set(jwk(rsa_key(), "rsa"), jwk(ec_key(), "ec")))


def claims_of(now, **deviations):
    """What a good assertion says; None leaves a claim out."""
    good = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": TOKEN_URL,
        "exp": int(now.timestamp()) + 240,
        "jti": "j-1",
    }
    return {n: value for n, value in (good | deviations).items() if value is not None}


def an_assertion(claims, *, key=None, algorithm="ES384", headers=None):
    """An assertion signed by the client's key for the algorithm, or by another."""
    own = {"RS384": rsa_key(), "ES384": ec_key()}
    kid = "rsa" if algorithm == "RS384" else "ec"
    return jwt.encode(
        claims,
        key if key is not None else own.get(algorithm),
        algorithm=algorithm,
        headers={"kid": kid} if headers is None else headers,
    )


def by_hand(header, claims, signature=b"x"):
    """Three parts that no library would write."""
    parts = (
        part if isinstance(part, bytes) else json.dumps(part).encode()
        for part in (header, claims, signature)
    )
    return ".".join(base64.urlsafe_b64encode(p).rstrip(b"=").decode() for p in parts)


def token_form(assertion, **deviations):
    """The form a client posts; None leaves a field out."""
    good = {
        "grant_type": "client_credentials",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
        "scope": "system/Coverage.read system/Patient.rs",
    }
    return {n: text for n, text in (good | deviations).items() if text is not None}


async def take(desk, form):
    """Ask for a token."""
    response = await desk.client.post("/oauth/token", data=form)
    return response, await response.json()
