"""A public FHIR client, of which we know nothing, reads what the service answers."""

import pytest
from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound

from lookup.web.fhir.systems import RESULT
from tests.support.builders import CARD_NUMBER, CITIZEN_ID, a_coverage, a_health
from tests.support.clock import MORNING
from tests.support.desk import open_desk
from tests.support.fhir import an_eligibility_request, the_id_of_lan
from tests.support.smart import (
    an_assertion,
    claims_of,
    known_keys,
    take,
    token_form,
)


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.source.know(a_coverage())
        desk.source.know(a_health())
        desk.directory.public_keys = known_keys()
        yield desk


@pytest.fixture
async def client(desk):
    """A client that came in by SMART Backend Services."""
    form = token_form(an_assertion(claims_of(MORNING)), scope="system/*.read")
    _, answer = await take(desk, form)
    return AsyncFHIRClient(
        str(desk.client.make_url("/fhir")),
        authorization=f"Bearer {answer['access_token']}",
    )


async def test_a_client_reads_the_person(desk, client):
    patient_id = await the_id_of_lan(desk)

    patient = await client.reference("Patient", patient_id).to_resource()

    assert patient["identifier"][0]["value"] == CITIZEN_ID
    assert patient.get_by_path(["name", 0, "text"]) == "Nguyễn Thị Lan"


async def test_a_client_finds_the_cards_and_reads_one(desk, client):
    patient_id = await the_id_of_lan(desk)

    (found,) = await client.resources("Coverage").search(patient=patient_id).fetch()
    again = await found.to_reference().to_resource()

    assert found["identifier"][0]["value"] == CARD_NUMBER
    assert again.serialize() == found.serialize()


async def test_a_client_reads_the_summary(desk, client):
    patient_id = await the_id_of_lan(desk)

    document = await client.reference("Patient", patient_id).execute(
        "$summary", method="get"
    )

    assert document["type"] == "document"
    assert document["entry"][0]["resource"]["resourceType"] == "Composition"


async def test_a_client_lists_the_papers(desk, client):
    patient_id = await the_id_of_lan(desk)

    papers = (
        await client.resources("DocumentReference")
        .search(patient=f"Patient/{patient_id}")
        .fetch()
    )

    assert [paper["description"] for paper in papers] == ["Giấy hẹn khám lại"]


async def test_a_client_asks_for_eligibility(client):
    answer = await client.execute(
        "CoverageEligibilityRequest", method="post", data=an_eligibility_request()
    )

    assert answer["insurance"][0]["inforce"] is True
    assert answer["meta"]["tag"][0]["system"] == RESULT


async def test_a_client_understands_a_refusal(client):
    with pytest.raises(OperationOutcome, match="must not stand in an address"):
        await client.resources("Patient").search(identifier=CITIZEN_ID).fetch()
    with pytest.raises(ResourceNotFound):
        await client.reference("Patient", "x").to_resource()
