import msgspec
import pytest

from lookup.citizen_id import CardNumber, SocialInsuranceNumber
from lookup.record import CodedItem, Facet
from lookup.scopes import Scope
from tests.support.builders import (
    CARD_NUMBER,
    CITIZEN_ID,
    a_card,
    a_coverage,
    a_document,
    a_health,
    a_person,
    a_summary,
)
from tests.support.desk import BASE, open_desk
from tests.support.fhir import (
    LAN,
    an_eligibility_request,
    code_of,
    fhir,
    matches,
    parameters,
    the_id_of_lan,
    told,
)

SYSTEM = "http://fhir.ehealth.gov.vn/core/sid/"
SECTIONS = {"11450-4": "conditions", "48765-2": "allergies", "10160-0": "medications"}


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.source.know(a_coverage())
        desk.source.know(a_health())
        yield desk


def sections_of(document):
    composition = document["entry"][0]["resource"]
    return {s["code"]["coding"][0]["code"]: s for s in composition["section"]}


def resolved(document, reference):
    (found,) = (
        entry["resource"]
        for entry in document["entry"]
        if entry["fullUrl"] == reference["reference"]
    )
    return found


async def test_a_person_is_found_by_number_and_name(desk):
    _, bundle = await fhir(desk, "POST", "Patient/_search", data=LAN)

    (patient,) = matches(bundle)
    assert patient["identifier"] == [
        {"system": f"{SYSTEM}national_id", "value": CITIZEN_ID}
    ]
    assert patient["name"][0]["family"] == "Nguyễn"
    assert patient["name"][0]["given"] == ["Thị", "Lan"]
    assert (patient["birthDate"], patient["gender"]) == ("1980-03-05", "female")
    assert told(bundle) == "000"
    assert bundle["total"] == 1


@pytest.mark.parametrize(
    "said",
    [
        {"identifier": f"{SYSTEM}national_id|{CITIZEN_ID}", "birthdate": "1980-03-05"},
        {
            "identifier": f"{SYSTEM}insurance_number|{CARD_NUMBER}",
            "name": "Nguyen T Lan",
        },
        {"identifier": CARD_NUMBER, "birthdate": "1980-03-05"},
        {"identifier": f"|{CITIZEN_ID}", "family": "Nguyễn", "given": "Thị Lan"},
        [
            ("identifier", CITIZEN_ID),
            ("family", "Nguyễn"),
            ("given", "Thị"),
            ("given", "Lan"),
        ],
    ],
)
async def test_numbers_and_names_are_read_as_fhir_writes_them(desk, said):
    _, bundle = await fhir(desk, "POST", "Patient/_search", data=said)

    assert told(bundle) in {"000", "061"}


async def test_an_id_tells_nothing_and_finds_the_person_again(desk):
    patient_id = await the_id_of_lan(desk)

    response, patient = await fhir(desk, "GET", f"Patient/{patient_id}")

    assert CITIZEN_ID not in patient_id
    assert len(patient_id) <= 64
    assert (response.status, patient["id"]) == (200, patient_id)
    assert patient["identifier"][0]["value"] == CITIZEN_ID


async def test_an_id_needs_no_scope_to_ask_by_number_alone(desk):
    desk.directory.scopes = frozenset({Scope.LOOKUP})
    patient_id = await the_id_of_lan(desk)

    by_id, _ = await fhir(desk, "GET", f"Patient/{patient_id}")
    by_number, _ = await fhir(
        desk, "POST", "Patient/_search", data={"identifier": CITIZEN_ID}
    )

    assert (by_id.status, by_number.status) == (200, 400)


async def test_an_id_opens_nothing_for_another_client(desk):
    patient_id = await the_id_of_lan(desk)
    desk.directory.client_id = "phong-kham"

    response, outcome = await fhir(desk, "GET", f"Patient/{patient_id}")

    assert response.status == 404
    assert outcome["issue"][0]["code"] == "not-found"
    assert len(desk.audit.entries) == 1


async def test_who_is_restricted_is_not_found_by_an_old_id(desk):
    patient_id = await the_id_of_lan(desk)
    desk.directory.scopes = frozenset({Scope.LOOKUP})
    desk.source.know(a_coverage(person=a_person(is_restricted=True)))

    response, outcome = await fhir(desk, "GET", f"Patient/{patient_id}")

    assert (response.status, code_of(outcome)) == (404, "050")


async def test_a_replaced_number_keeps_the_id_it_was_known_by(desk):
    patient_id = await the_id_of_lan(desk)
    person = a_person(citizen_id="068180999999")
    desk.source.know(a_coverage(person=person), also=[desk.audit.entries[0].identifier])

    _, patient = await fhir(desk, "GET", f"Patient/{patient_id}")

    assert patient["id"] == patient_id
    assert patient["identifier"][0]["value"] == "068180999999"


@pytest.mark.parametrize(("digits", "cards"), [(15, (a_card(),)), (10, ())])
async def test_a_person_without_a_told_number_is_known_by_the_card(desk, digits, cards):
    person = a_person(citizen_id=None, full_name="Lan")
    desk.source.forget_all()
    number = CARD_NUMBER if digits == 15 else "6800000001"
    asked = [SocialInsuranceNumber("6800000001")]
    desk.source.know(a_coverage(person=person, cards=cards), also=asked)
    said = {"identifier": number, "birthdate": "1980-03-05"}

    _, bundle = await fhir(desk, "POST", "Patient/_search", data=said)

    (patient,) = matches(bundle)
    again, _ = await fhir(desk, "GET", f"Patient/{patient['id']}")
    assert "identifier" not in patient
    assert "given" not in patient["name"][0]
    assert again.status == 200


async def test_cards_are_found_by_the_id_of_their_person(desk):
    old = a_card(
        card_number="GD4686800000002", status="revoked", valid_to=None, area=None
    )
    desk.source.know(a_coverage(cards=(a_card(), old)))
    patient_id = await the_id_of_lan(desk)

    _, bundle = await fhir(desk, "GET", f"Coverage?patient=Patient/{patient_id}")

    first, second = matches(bundle)
    assert first["identifier"][0]["value"] == CARD_NUMBER
    assert first["costToBeneficiary"][0]["valueQuantity"]["value"] == 20
    assert first["beneficiary"] == {"reference": f"Patient/{patient_id}"}
    assert (first["status"], second["status"]) == ("active", "cancelled")
    assert "end" not in second["period"]


async def test_a_card_is_found_by_its_own_number(desk):
    other = a_card(card_number="GD4686800000002")
    desk.source.know(a_coverage(cards=(a_card(), other)))
    said = {"identifier": CARD_NUMBER, "patient.birthdate": "1980-03-05"}

    _, bundle = await fhir(desk, "POST", "Coverage/_search", data=said)

    (card,) = matches(bundle)
    assert card["identifier"][0]["value"] == CARD_NUMBER


async def test_a_card_is_read_by_its_id(desk):
    patient_id = await the_id_of_lan(desk)
    _, bundle = await fhir(desk, "GET", f"Coverage?beneficiary={patient_id}")
    (card,) = matches(bundle)

    response, again = await fhir(desk, "GET", f"Coverage/{card['id']}")

    assert (response.status, again) == (200, card)


@pytest.mark.parametrize("cards", [(), (a_card(card_number="GD4686800000002"),)])
async def test_a_card_that_is_gone_is_not_found(desk, cards):
    patient_id = await the_id_of_lan(desk)
    _, bundle = await fhir(desk, "GET", f"Coverage?patient={patient_id}")
    (card,) = matches(bundle)
    desk.source.know(a_coverage(cards=cards), also=[CardNumber(CARD_NUMBER)])

    response, _ = await fhir(desk, "GET", f"Coverage/{card['id']}")

    assert response.status == 404


async def test_documents_are_listed_without_their_pages(desk):
    papers = (
        a_document(),
        a_document(document_id="d-2", kind="referral", valid_to=None),
    )
    desk.source.know(a_health(documents=papers))
    patient_id = await the_id_of_lan(desk)

    _, bundle = await fhir(desk, "GET", f"DocumentReference?patient={patient_id}")

    first, second = matches(bundle)
    assert first["context"]["period"] == {"start": "2026-10-01", "end": "2026-12-01"}
    assert first["content"][0]["attachment"]["title"] == "Giấy hẹn khám lại"
    assert second["type"]["coding"][0]["code"] == "57133-1"
    assert desk.audit.entries[-1].purpose == "treatment"


async def test_documents_of_nobody_are_none(desk):
    said = {"patient.identifier": "068180000002", "patient.birthdate": "1980"}

    _, bundle = await fhir(desk, "POST", "DocumentReference/_search", data=said)

    assert (bundle["total"], told(bundle)) == (0, "050")


async def test_a_summary_says_what_is_known(desk):
    patient_id = await the_id_of_lan(desk)

    _, document = await fhir(desk, "GET", f"Patient/{patient_id}/$summary")

    sections = sections_of(document)
    assert list(sections) == [*SECTIONS, "30954-2", "8716-3"]
    allergy = resolved(document, sections["48765-2"]["entry"][0])
    assert allergy["code"] == {"text": "Penicillin"}
    assert allergy["criticality"] == "high"
    assert allergy["reaction"][0]["manifestation"] == [{"text": "mề đay"}]
    assert "Penicillin (mề đay)" in sections["48765-2"]["text"]["div"]
    signs = [resolved(document, entry) for entry in sections["8716-3"]["entry"]]
    assert [p["valueQuantity"]["value"] for p in signs[2]["component"]] == [130, 80]
    assert document["entry"][1]["fullUrl"] == f"{BASE}/fhir/Patient/{patient_id}"


@pytest.mark.parametrize(("code", "name"), SECTIONS.items())
@pytest.mark.parametrize("has_record", [True, False])
async def test_never_recorded_is_not_none_known(desk, code, name, has_record):
    summary = a_summary(**{name: None}) if has_record else None
    desk.source.know(a_health(summary=summary))

    _, document = await fhir(desk, "POST", "Patient/$summary", json=parameters(**LAN))

    section = sections_of(document)[code]
    assert section["emptyReason"]["coding"][0]["code"] == "unavailable"
    assert "entry" not in section


@pytest.mark.parametrize(("code", "name"), SECTIONS.items())
async def test_none_known_is_said_by_an_entry(desk, code, name):
    desk.source.know(a_health(summary=a_summary(**{name: ()})))

    _, document = await fhir(desk, "POST", "Patient/$summary", json=parameters(**LAN))

    section = sections_of(document)[code]
    (entry,) = section["entry"]
    absent = resolved(document, entry)
    concept = absent.get("code") or absent["medicationCodeableConcept"]
    assert concept["coding"][1]["code"].startswith("no-known-")
    assert "emptyReason" not in section


async def test_every_kind_of_entry_is_a_valid_resource(desk):
    full = CodedItem(text="<b>", since="2020-01", note="n & m", is_severe=True)
    coded = msgspec.structs.replace(full, code="BCG", system="vaccine", since=None)
    items = (full, coded, CodedItem(code="J45"))
    sections = dict.fromkeys([*SECTIONS.values(), "immunisations"], items)
    summary = a_summary(**sections, blood_pressure="cao", measured_on=None)
    desk.source.know(a_health(summary=summary))

    _, document = await fhir(desk, "POST", "Patient/$summary", json=parameters(**LAN))

    kinds = [entry["resource"]["resourceType"] for entry in document["entry"]]
    assert kinds.count("Immunization") == kinds.count("Condition") == 3
    assert "&lt;b&gt;" in sections_of(document)["11369-6"]["text"]["div"]


async def test_a_summary_is_not_given_without_the_health_record(desk):
    patient_id = await the_id_of_lan(desk)
    desk.source.unplug(Facet.HEALTH)

    summary, outcome = await fhir(desk, "GET", f"Patient/{patient_id}/$summary")
    papers, _ = await fhir(desk, "GET", f"DocumentReference?patient={patient_id}")

    assert (summary.status, papers.status) == (503, 503)
    assert outcome["issue"][0]["code"] == "transient"
    assert (
        desk.metrics.read("tracuu_lookups_total", "active", "population", "fhir") == 3
    )
    assert desk.metrics.read("tracuu_problems_total", "source_unavailable") == 2


async def test_a_summary_needs_its_scope(desk):
    desk.directory.scopes = frozenset({Scope.LOOKUP})

    response, outcome = await fhir(
        desk, "POST", "Patient/$summary", json=parameters(**LAN)
    )

    assert (response.status, code_of(outcome)) == (403, "not_allowed")
    assert outcome["issue"][0]["code"] == "forbidden"


async def test_eligibility_is_answered_with_card_and_benefit(desk):
    _, answer = await fhir(
        desk, "POST", "CoverageEligibilityRequest", json=an_eligibility_request()
    )

    (insurance,) = answer["insurance"]
    assert answer["disposition"] == "Thông tin thẻ BHYT chính xác"
    assert answer["outcome"] == "complete"
    assert answer["patient"]["reference"].startswith("Patient/")
    assert insurance["inforce"] is True
    assert insurance["benefitPeriod"] == {"start": "2026-01-01", "end": "2026-12-31"}
    assert insurance["item"][0]["benefit"][0]["allowedUnsignedInt"] == 20
    assert "error" not in answer


@pytest.mark.parametrize(
    ("deviation", "has_items"),
    [({"purpose": ["validation"]}, False), ({"servicedDate": "2027-02-01"}, False)],
)
async def test_benefits_are_for_those_who_ask_on_days_in_force(
    desk, deviation, has_items
):
    asked = an_eligibility_request(**deviation)

    _, answer = await fhir(desk, "POST", "CoverageEligibilityRequest", json=asked)

    assert ("item" in answer["insurance"][0]) is has_items


@pytest.mark.parametrize("day", ["servicedDate", "servicedPeriod"])
async def test_eligibility_is_for_the_day_of_service(desk, day):
    when = "2027-02-01" if day == "servicedDate" else {"start": "2027-02-01"}
    asked = an_eligibility_request(**{day: when})

    _, answer = await fhir(desk, "POST", "CoverageEligibilityRequest", json=asked)

    assert answer["servicedDate"] == "2027-02-01"
    assert answer["insurance"][0]["inforce"] is False
    assert answer["error"][0]["code"]["coding"][0]["code"] == "010"


@pytest.mark.parametrize("scopes", [frozenset(Scope), frozenset({Scope.LOOKUP})])
async def test_eligibility_of_nobody_has_an_error_and_no_person(desk, scopes):
    desk.directory.scopes = scopes
    asked = an_eligibility_request(said=LAN | {"identifier": "068180000002"})

    _, answer = await fhir(desk, "POST", "CoverageEligibilityRequest", json=asked)

    assert answer["outcome"] == "error"
    assert answer["error"][0]["code"]["coding"][0]["code"] == "050"
    assert "reference" not in answer["patient"]
    assert ("lastUpdated" in answer["meta"]) is (Scope.MISMATCH_DETAIL in scopes)
    assert "insurance" not in answer


@pytest.mark.parametrize("place", ["logical", "contained", "nowhere"])
async def test_eligibility_may_be_asked_by_the_card(desk, place):
    number = {"system": f"{SYSTEM}insurance_number", "value": CARD_NUMBER}
    coverage = {"identifier": number} if place == "logical" else {"reference": "#c"}
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "1980-03-05"}
    inside = {"resourceType": "Coverage", "id": "c", "identifier": [number]}
    asked = an_eligibility_request(
        contained=[patient, inside] if place == "contained" else [patient],
        insurance=[{"coverage": coverage}],
        enterer={"display": "Điều dưỡng Hoa"},
    )

    response, _ = await fhir(desk, "POST", "CoverageEligibilityRequest", json=asked)

    assert response.status == (400 if place == "nowhere" else 200)
    assert [e.operator for e in desk.audit.entries] in ([], ["Điều dưỡng Hoa"])


async def test_eligibility_may_be_asked_by_id_and_by_logical_reference(desk):
    patient_id = await the_id_of_lan(desk)
    references = [
        {"reference": f"Patient/{patient_id}"},
        {"reference": f"{BASE}/fhir/Patient/{patient_id}"},
        {"identifier": {"system": f"{SYSTEM}national_id", "value": CITIZEN_ID}},
    ]

    answers = [
        await fhir(
            desk,
            "POST",
            "CoverageEligibilityRequest",
            json=an_eligibility_request(patient=reference, contained=[]),
        )
        for reference in references
    ]

    assert [answer["outcome"] for _, answer in answers] == ["complete"] * 3


async def test_a_stale_answer_says_so(desk):
    desk.source.grow_stale()

    _, bundle = await fhir(desk, "POST", "Patient/_search", data=LAN)
    _, answer = await fhir(
        desk, "POST", "CoverageEligibilityRequest", json=an_eligibility_request()
    )

    (patient,) = matches(bundle)
    assert [tag["code"] for tag in patient["meta"]["tag"]] == ["stale"]
    assert [tag["code"] for tag in answer["meta"]["tag"]] == ["000", "stale"]
