"""Who was refused is in the log: when, why and from where, never with what."""

import pytest

from lookup.scopes import Scope
from tests.support.clock import MORNING
from tests.support.desk import open_desk
from tests.support.smart import an_assertion, claims_of, known_keys, token_form

QUESTION = {"citizen_id": "068180000001", "full_name": "Nguyễn Thị Lan"}
HEALTH = QUESTION | {"include": ["health"], "purpose": "treatment"}


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.directory.scopes = frozenset({Scope.LOOKUP, Scope.BATCH})
        desk.directory.public_keys = known_keys()
        yield desk


async def a_wrong_key(desk):
    await desk.ask(QUESTION, key="068180000001")


async def too_small_a_scope(desk):
    await desk.ask(HEALTH)


async def too_small_a_scope_in_a_batch(desk):
    headers = {"Authorization": "Bearer tracuu_test"}
    response = await desk.client.post(
        "/v1/lookups/batch", json={"lookups": [HEALTH]}, headers=headers
    )
    await response.read()


async def a_wrong_token_of_the_insurer(desk):
    query = {"username": "x", "password": "068180000001", "token": "y"}
    await desk.client.post("/api/egw/KQNhanLichSuKCB2024", params=query, json={})


async def a_wrong_password(desk):
    body = {"username": "068180000001", "password": "0" * 32}
    await desk.client.post("/api/token/take", json=body)


async def a_stranger_to_fhir(desk):
    await desk.client.get("/fhir/Patient/x")


async def a_forged_proof(desk):
    await desk.client.post("/oauth/token", data=token_form("a.b.c"))


REFUSED = {
    a_wrong_key: "not_authenticated",
    too_small_a_scope: "not_allowed",
    too_small_a_scope_in_a_batch: "not_allowed",
    a_wrong_token_of_the_insurer: "not_authenticated",
    a_wrong_password: "not_authenticated",
    a_stranger_to_fhir: "not_authenticated",
    a_forged_proof: "not_authenticated",
}


@pytest.mark.parametrize("comes", REFUSED, ids=lambda comes: comes.__name__)
async def test_who_is_refused_at_any_door_is_logged(desk, comes):
    await comes(desk)

    ((event, fields),) = desk.log
    address = "" if comes is too_small_a_scope_in_a_batch else "127.0.0.1"
    assert event == "caller.refused"
    assert (fields["code"], fields["address"]) == (REFUSED[comes], address)
    assert len(fields["request_id"]) == 36
    assert "068180000001" not in repr(desk.log)


async def test_a_scope_that_a_token_may_not_have_is_logged(desk):
    proof = an_assertion(claims_of(MORNING))

    await desk.client.post("/oauth/token", data=token_form(proof, scope="system/x.r"))

    ((event, fields),) = desk.log
    assert (event, fields["code"]) == ("caller.refused", "not_allowed")


async def test_a_faulty_request_is_no_refusal(desk):
    await desk.ask({"citizen_id": "1"})
    await desk.client.post("/oauth/token", data={"grant_type": "password"})

    assert desk.log == []


async def test_who_is_answered_is_not_logged_but_audited(desk):
    await desk.ask(QUESTION)

    assert desk.log == []
    assert [entry.client_id for entry in desk.audit.entries] == ["benh-vien"]


async def test_a_flood_is_told_by_its_first_lines(desk):
    for _ in range(15):
        await a_wrong_key(desk)

    assert len(desk.log) == 10
    assert desk.metrics.read("tracuu_problems_total", "not_authenticated") == 15
