import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lookup.access_token import AccessTokens, Grant
from lookup.scopes import Scope
from tests.support.builders import CITIZEN_ID, a_coverage
from tests.support.clock import MORNING
from tests.support.desk import TOKEN_URL, open_desk
from tests.support.fhir import LAN, fhir
from tests.support.smart import (
    CLIENT_ID,
    an_assertion,
    by_hand,
    claims_of,
    ec_key,
    jwk,
    known_keys,
    rsa_key,
    take,
    token_form,
)

NOW_S = int(MORNING.timestamp())
QUESTION = {
    "citizen_id": CITIZEN_ID,
    "full_name": "Nguyễn Thị Lan",
    "birth_date": "1980-03-05",
}


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.source.know(a_coverage())
        desk.directory.public_keys = known_keys()
        yield desk


def good(**deviations):
    return claims_of(MORNING, **deviations)


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
async def test_a_client_that_proves_itself_gets_a_token(desk, algorithm):
    form = token_form(an_assertion(good(), algorithm=algorithm))

    response, answer = await take(desk, form)

    assert response.status == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 300
    assert answer["scope"] == "system/Coverage.read system/Patient.rs"


async def test_one_token_opens_both_dialects(desk):
    _, answer = await take(desk, token_form(an_assertion(good())))
    token = answer["access_token"]

    own, _ = await desk.ask(QUESTION, key=token)
    theirs, _ = await fhir(desk, "POST", "Patient/_search", data=LAN, key=token)

    assert (own.status, theirs.status) == (200, 200)
    assert {entry.client_id for entry in desk.audit.entries} == {CLIENT_ID}


async def test_a_token_reaches_as_far_as_was_asked(desk):
    _, answer = await take(desk, token_form(an_assertion(good())))
    health = QUESTION | {"include": ["health"], "purpose": "treatment"}

    response, problem = await desk.ask(health, key=answer["access_token"])

    assert (response.status, problem["code"]) == (403, "not_allowed")


async def test_a_token_ends_after_five_minutes(desk):
    _, answer = await take(desk, token_form(an_assertion(good())))
    desk.clock.move(by_s=299)
    before, _ = await desk.ask(QUESTION, key=answer["access_token"])
    desk.clock.move(by_s=1)

    after, _ = await desk.ask(QUESTION, key=answer["access_token"])

    assert (before.status, after.status) == (200, 401)


async def test_a_client_that_is_revoked_takes_its_tokens_along(desk):
    _, answer = await take(desk, token_form(an_assertion(good())))
    desk.directory.client_id = "phong-kham"

    response, _ = await desk.ask(QUESTION, key=answer["access_token"])

    assert response.status == 401


async def test_a_scope_that_is_taken_away_is_gone_from_tokens(desk):
    _, answer = await take(desk, token_form(an_assertion(good())))
    desk.directory.scopes = frozenset({Scope.HEALTH})

    response, _ = await desk.ask(QUESTION, key=answer["access_token"])

    assert response.status == 403


@pytest.mark.parametrize("slow_s", [-5, 4])
async def test_clocks_may_differ_by_seconds(desk, slow_s):
    claims = good(exp=NOW_S + 300 - slow_s, iat=NOW_S - slow_s, nbf=NOW_S - slow_s)

    response, _ = await take(desk, token_form(an_assertion(claims)))

    assert response.status == 200


async def test_the_only_audience_may_stand_in_a_list(desk):
    claims = good(aud=[TOKEN_URL])

    response, _ = await take(desk, token_form(an_assertion(claims)))

    assert response.status == 200


def hmac_with_public_key():
    """The oldest trick: the public key as the secret of a symmetric signature."""
    public = rsa_key().public_key()
    pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    signed = by_hand({"alg": "HS256", "kid": "rsa"}, good()).rpartition(".")[0]
    mac = hmac.digest(pem, signed.encode(), hashlib.sha256)
    return by_hand({"alg": "HS256", "kid": "rsa"}, good(), mac)


def with_signature(change):
    head, _, signature = an_assertion(good()).rpartition(".")
    return f"{head}.{change(signature)}"


ES = {"alg": "ES384", "kid": "ec"}
OTHER = ec_key(number=2)
NONE = {"alg": "none", "kid": "ec"}
KEY_OF_OTHER = jwk(OTHER, "ec")

ATTACKS = {
    "no assertion": lambda: "",
    "one part": lambda: "abc",
    "four parts": lambda: an_assertion(good()) + ".x",
    "not base64": lambda: "a.b!.c",
    "padded": lambda: an_assertion(good()) + "==",
    "not ascii": lambda: "é.é.é",
    "too long": lambda: "a" * 9_000 + ".b.c",
    "header is no json": lambda: by_hand(b"{", good()),
    "header is no object": lambda: by_hand([1], good()),
    "header is nested": lambda: by_hand(b'{"alg":' + b"[" * 2_000, good()),
    "header is not utf-8": lambda: by_hand(b'{"alg":"\xff"}', good()),
    "claims are no json": lambda: by_hand(ES, b"{"),
    "claims are nested": lambda: by_hand(ES, b'{"iss":' + b"[" * 4_000),
    "no algorithm": lambda: by_hand({"kid": "ec"}, good()),
    "none": lambda: by_hand(NONE, good(), b""),
    "none with a signature": lambda: by_hand(NONE, good()),
    "None": lambda: by_hand(NONE | {"alg": "None"}, good()),
    "hmac with the public key": hmac_with_public_key,
    "hmac with nothing": lambda: an_assertion(
        good(), key="x" * 64, algorithm="HS384", headers={"kid": "ec"}
    ),
    "RS256": lambda: an_assertion(
        good(), key=rsa_key(), algorithm="RS256", headers={"kid": "rsa"}
    ),
    "PS384": lambda: an_assertion(
        good(), key=rsa_key(), algorithm="PS384", headers={"kid": "rsa"}
    ),
    "ES256": lambda: an_assertion(good(), key=ec_key(ec.SECP256R1), algorithm="ES256"),
    "rsa as ec": lambda: an_assertion(good(), algorithm="RS384", headers={"kid": "ec"}),
    "ec as rsa": lambda: an_assertion(good(), headers={"kid": "rsa"}),
    "algorithm of the other key": lambda: by_hand(
        {"alg": "RS384", "kid": "ec"}, good()
    ),
    "no kid": lambda: by_hand({"alg": "ES384"}, good()),
    "kid of nobody": lambda: an_assertion(good(), headers={"kid": "x"}),
    "kid is a path": lambda: an_assertion(good(), headers={"kid": "../../dev/null"}),
    "kid is sql": lambda: an_assertion(good(), headers={"kid": "' OR 1=1 --"}),
    "kid is a number": lambda: by_hand(ES | {"kid": 1}, good()),
    "key brought along": lambda: an_assertion(
        good(), key=OTHER, headers={"kid": "ec", "jwk": KEY_OF_OTHER}
    ),
    "jku": lambda: an_assertion(
        good(), headers={"kid": "ec", "jku": "https://evil.example/jwks"}
    ),
    "x5u": lambda: an_assertion(good(), headers={"kid": "ec", "x5u": "https://x"}),
    "x5c": lambda: an_assertion(good(), headers={"kid": "ec", "x5c": ["MII"]}),
    "crit": lambda: an_assertion(good(), headers={"kid": "ec", "crit": ["exp"]}),
    "signed by another": lambda: an_assertion(good(), key=OTHER),
    "no signature": lambda: with_signature(lambda _: ""),
    "signature cut": lambda: with_signature(lambda s: s[:-4]),
    "signature of zeros": lambda: by_hand(ES, good(), bytes(96)),
    "signature changed": lambda: with_signature(lambda s: s[:9] + "AAAA" + s[13:]),
    "signature in der": lambda: by_hand(
        ES, good(), b"\x30\x06\x02\x01\x01\x02\x01\x01"
    ),
    "claims changed": lambda: (
        by_hand(ES, good(jti="other")).rpartition(".")[0]
        + "."
        + an_assertion(good()).rpartition(".")[2]
    ),
    "iss of another": lambda: an_assertion(good(iss="phong-kham")),
    "sub of another": lambda: an_assertion(good(sub="phong-kham")),
    "both of another": lambda: an_assertion(good(iss="x", sub="x")),
    "no iss": lambda: an_assertion(good(iss=None)),
    "no sub": lambda: an_assertion(good(sub=None)),
    "iss is a list": lambda: by_hand(ES, good(iss=["benh-vien"])),
    "no aud": lambda: an_assertion(good(aud=None)),
    "aud of another": lambda: an_assertion(good(aud="https://other.example/token")),
    "aud nearly": lambda: an_assertion(good(aud=TOKEN_URL + "/")),
    "aud among others": lambda: an_assertion(good(aud=[TOKEN_URL, "https://x"])),
    "aud empty": lambda: an_assertion(good(aud=[])),
    "no exp": lambda: an_assertion(good(exp=None)),
    "expired": lambda: an_assertion(good(exp=NOW_S - 6)),
    "exp too far": lambda: an_assertion(good(exp=NOW_S + 306)),
    "exp without end": lambda: an_assertion(good(exp=2**63)),
    "exp infinite": lambda: by_hand(ES, b'{"exp": 1e999}'),
    "exp is a text": lambda: by_hand(ES, good(exp=str(NOW_S + 60))),
    "exp negative": lambda: an_assertion(good(exp=-1)),
    "not valid yet": lambda: an_assertion(good(nbf=NOW_S + 60)),
    "issued tomorrow": lambda: an_assertion(good(iat=NOW_S + 86_400)),
    "no jti": lambda: an_assertion(good(jti=None)),
    "jti empty": lambda: an_assertion(good(jti="")),
    "jti too long": lambda: an_assertion(good(jti="j" * 129)),
    "jti is a number": lambda: by_hand(ES, good(jti=1)),
    "an api key": lambda: "tracuu_test",
    "an access token": lambda: AccessTokens(b"a" * 32).issue(
        Grant(CLIENT_ID, frozenset(Scope)), now=MORNING
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_forged_proof_is_refused(desk, attack):
    response, answer = await take(desk, token_form(ATTACKS[attack]()))

    assert (response.status, answer["error"]) == (401, "invalid_client")
    assert "access_token" not in answer
    assert desk.used.uses == {}
    assert desk.metrics.read("tracuu_problems_total", "not_authenticated") == 1
    assert [event for event, _ in desk.log] == ["caller.refused"]


def test_there_are_more_than_forty_attacks():
    assert len(ATTACKS) > 40


async def test_a_proof_is_good_for_one_token(desk):
    form = token_form(an_assertion(good()))
    first, _ = await take(desk, form)

    second, answer = await take(desk, form)

    assert (first.status, second.status) == (200, 401)
    assert answer["error_description"] == "jti was used before"


async def test_the_name_of_a_proof_is_good_for_one_token(desk):
    await take(desk, token_form(an_assertion(good())))

    response, _ = await take(desk, token_form(an_assertion(good(exp=NOW_S + 100))))

    assert response.status == 401


async def test_no_token_is_given_when_a_replay_could_not_be_seen(desk):
    desk.used.unplug()

    response, problem = await take(desk, token_form(an_assertion(good())))

    assert (response.status, problem["code"]) == (503, "source_unavailable")


@pytest.mark.parametrize(
    ("deviation", "error"),
    [
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"client_assertion_type": None}, "invalid_request"),
        ({"client_assertion_type": "urn:x"}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "system/Observation.read user/Patient.read"}, "invalid_scope"),
    ],
)
async def test_a_request_that_is_none_is_refused_in_words_of_oauth(
    desk, deviation, error
):
    response, answer = await take(desk, token_form(an_assertion(good()), **deviation))

    assert (response.status, answer["error"]) == (400, error)


@pytest.mark.parametrize("body", [b"grant_type=a&grant_type=b", b"\xff", b"a=%ff"])
async def test_a_form_that_is_none_is_refused(desk, body):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    response = await desk.client.post("/oauth/token", data=body, headers=headers)

    assert response.status == 400
    assert (await response.json())["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("method", "options", "status"),
    [
        ("GET", {}, 405),
        ("POST", {"json": {}}, 415),
        ("POST", {"data": {"scope": "x" * 70_000}}, 413),
    ],
)
async def test_the_token_address_takes_only_forms(desk, method, options, status):
    response = await desk.client.request(method, "/oauth/token", **options)

    assert response.status == status


BORROWED = AccessTokens(b"b" * 32).issue(
    Grant(CLIENT_ID, frozenset(Scope)), now=MORNING
)
OWN = AccessTokens(b"a" * 32).issue(Grant(CLIENT_ID, frozenset(Scope)), now=MORNING)


@pytest.mark.parametrize(
    "token",
    [
        *("tracuu-at.", "tracuu-at.AAAA", "tracuu-at.é", "tracuu-at." + "A" * 2_000),
        *(BORROWED, OWN[:-1], OWN + "A", OWN.replace("tracuu-at.", "")),
        OWN[:20] + ("A" if OWN[20] != "A" else "B") + OWN[21:],
        AccessTokens(b"a" * 32).issue(Grant("nobody", frozenset(Scope)), now=MORNING),
    ],
)
async def test_a_forged_token_opens_nothing(desk, token):
    response, _ = await desk.ask(QUESTION, key=token)

    assert response.status == 401
    assert desk.source.loads == {}


async def test_a_client_without_keys_gets_no_token(desk):
    desk.directory.public_keys = {}

    response, _ = await take(desk, token_form(an_assertion(good())))

    assert response.status == 401


def any_signature(self, keys):  # noqa: ARG001 - a guard that is not there
    return True


def any_claims(self, *, audience, now):  # noqa: ARG001 - as above
    return None


async def any_use(self, client_id, jti, *, until):  # noqa: ARG001 - as above
    return True


@pytest.mark.parametrize(
    ("guard", "absent", "forged"),
    [
        ("lookup.assertion.Assertion.is_signed_by", any_signature, {"key": OTHER}),
        ("lookup.assertion.Assertion.fault", any_claims, {"exp": NOW_S - 60}),
        ("tests.support.fakes.FakeAssertionLog.use", any_use, {"again": True}),
    ],
)
@pytest.mark.parametrize(("is_guarded", "status"), [(True, 401), (False, 200)])
async def test_each_guard_is_what_refuses(
    desk, monkeypatch, guard, absent, forged, is_guarded, status
):
    if not is_guarded:
        monkeypatch.setattr(guard, absent)
    claims = good(exp=forged.get("exp", NOW_S + 60))
    form = token_form(an_assertion(claims, key=forged.get("key")))
    for _ in range("again" in forged):
        await take(desk, form)

    response, _ = await take(desk, form)

    assert response.status == status
