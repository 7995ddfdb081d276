import pytest

from lookup.record import Facet
from lookup.scopes import Scope
from lookup.web.fhir.outcome import ISSUE_TYPES
from lookup.web.problems import PROBLEMS
from tests.support.builders import CARD_NUMBER, CITIZEN_ID, a_card, a_coverage, a_health
from tests.support.desk import BASE, KEY, TOKEN_URL, open_desk
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

ELIGIBILITY = "CoverageEligibilityRequest"


@pytest.fixture
async def desk():
    async with open_desk() as desk:
        desk.source.know(a_coverage())
        desk.source.know(a_health())
        yield desk


@pytest.mark.parametrize(
    "path",
    [
        f"Patient?identifier={CITIZEN_ID}",
        f"Patient?identifier:of-type=x|y|{CITIZEN_ID}",
        "Patient?name=Lan&birthdate=1980-03-05",
        f"Coverage?patient.identifier={CITIZEN_ID}",
        f"Coverage?patient:Patient.identifier={CITIZEN_ID}",
        f"DocumentReference?patient.identifier={CITIZEN_ID}",
    ],
)
async def test_nobody_may_stand_in_an_address(desk, path):
    response, outcome = await fhir(desk, "GET", path)

    assert response.status == 400
    assert "must not stand in an address" in outcome["issue"][0]["diagnostics"]
    assert CITIZEN_ID not in await response.text()
    assert desk.source.loads == {}


async def test_an_address_of_a_posted_search_holds_nobody_either(desk):
    path = f"Patient/_search?identifier={CITIZEN_ID}"

    response, _ = await fhir(desk, "POST", path, data={"birthdate": "1980-03-05"})

    assert response.status == 400


async def test_a_search_never_repeats_what_was_searched_for(desk):
    _, bundle = await fhir(desk, "POST", "Patient/_search", data=LAN)

    assert bundle["link"] == [
        {"relation": "self", "url": f"{BASE}/fhir/Patient/_search"}
    ]


@pytest.mark.parametrize(
    ("said", "element"),
    [
        ({"identifier": "1"}, "Coverage.identifier"),
        ({"identifier": "12345678901x"}, "Coverage.identifier"),
        ({"identifier": CITIZEN_ID, "birthdate": "x"}, "Patient.birthDate"),
        ({"identifier": CITIZEN_ID, "birthdate": "ge1980"}, "Patient.birthDate"),
        ({"identifier": CITIZEN_ID, "name": "🩺"}, "Patient.name"),
        ({"identifier": CITIZEN_ID, "family": "Lan"}, "Patient.name"),
        ({"identifier": f"urn:x|{CITIZEN_ID}"}, "Patient.identifier"),
        ({"name": "Lan"}, "Patient.identifier"),
        ({"_id": "Patient/x"}, "_id"),
        ({"name:exact": "Lan"}, "name"),
        ([("name", "Lan"), ("name", "Lan")], "name"),
    ],
)
async def test_what_is_wrong_is_named_in_the_words_of_fhir(desk, said, element):
    response, outcome = await fhir(desk, "POST", "Patient/_search", data=said)

    assert (response.status, code_of(outcome)) == (400, "invalid_request")
    assert outcome["issue"][0]["expression"] == [element]


@pytest.mark.parametrize(
    ("deviation", "element"),
    [
        ({"purpose": ["discovery"]}, f"{ELIGIBILITY}.purpose"),
        ({"purpose": []}, f"{ELIGIBILITY}.purpose"),
        ({"purpose": "benefits"}, f"{ELIGIBILITY}.purpose"),
        ({"patient": {"reference": 1}}, f"{ELIGIBILITY}.patient.reference"),
        ({"patient": {"reference": "Patient/1"}}, f"{ELIGIBILITY}.patient.reference"),
        ({"patient": {"reference": "#q"}}, f"{ELIGIBILITY}.patient.identifier"),
        ({"patient": {"identifier": {}}}, f"{ELIGIBILITY}.patient.identifier.value"),
        ({"contained": [{}]}, f"{ELIGIBILITY}.contained[0].resourceType"),
        ({"servicedDate": "x"}, f"{ELIGIBILITY}.servicedDate"),
        ({"resourceType": "Patient"}, "resourceType"),
    ],
)
async def test_an_element_that_is_wrong_is_named(desk, deviation, element):
    asked = an_eligibility_request(**deviation)

    response, outcome = await fhir(desk, "POST", ELIGIBILITY, json=asked)

    assert response.status == 400
    assert outcome["issue"][0]["expression"] == [element]


@pytest.mark.parametrize(
    "parameter",
    [
        {"name": "identifier"},
        {"name": "birthdate", "valueDate": "1980-03-05"},
        {"name": "identifier", "valueInteger": 1},
    ],
)
async def test_a_parameter_is_there_once_with_its_value(desk, parameter):
    sent = parameters(**LAN)
    sent["parameter"].append(parameter)

    response, outcome = await fhir(desk, "POST", "Patient/$summary", json=sent)

    assert response.status == 400
    assert outcome["issue"][0]["expression"] == ["Parameters.parameter[3]"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[1]", "must be a JSON object"),
        (b'{"a": {"b": 1, "b": 2}}', "twice in one object"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "twice in one object"),
        (b'{"x":' * 1_010 + b"1" + b"}" * 1_010, "nested too deeply"),
        (b"{", "not valid JSON"),
    ],
)
async def test_a_body_is_one_object_that_all_read_alike(desk, body, reason):
    headers = {"Content-Type": "application/json"}

    response, outcome = await fhir(
        desk, "POST", ELIGIBILITY, data=body, headers=headers
    )

    assert response.status == 400
    assert reason in outcome["issue"][0]["diagnostics"]


async def test_parameters_of_others_are_passed_over(desk):
    sent = parameters(**LAN, profile="x")

    response, _ = await fhir(desk, "POST", "Patient/$summary", json=sent)

    assert response.status == 200


async def test_a_summary_of_nobody_is_not_found(desk):
    said = LAN | {"identifier": "068180000002"}

    response, outcome = await fhir(
        desk, "POST", "Patient/$summary", json=parameters(**said)
    )

    assert (response.status, code_of(outcome)) == (404, "050")
    assert outcome["issue"][0]["severity"] == "error"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/fhir+json", "application/fhir+json"),
        ("application/json", "application/json"),
        ("text/html, application/fhir+json;q=0.9", "application/fhir+json"),
        ("application/fhir+json; fhirVersion=4.0", "application/fhir+json"),
        ("*/*", "application/fhir+json"),
        ("application/fhir+xml", None),
        ("application/fhir+json; fhirVersion=5.0", None),
        ("application/json;q=0", None),
        ("application/json;q=0.000, text/html", None),
    ],
)
async def test_the_answer_has_the_form_that_is_wanted(desk, accept, answered):
    headers = {"Accept": accept}

    response, body = await fhir(
        desk, "POST", "Patient/_search", data=LAN, headers=headers
    )

    if answered is None:
        assert (response.status, code_of(body)) == (406, "not_acceptable")
        assert desk.source.loads == {}
    else:
        assert (response.status, response.content_type) == (200, answered)


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ("json", 200),
        ("application/fhir%2Bjson", 200),
        ("a/fhir+json", 406),
        ("xml", 406),
    ],
)
@pytest.mark.parametrize(
    "path", ["metadata", "Patient/{}", "Patient/{}/$summary", "Coverage?patient={}"]
)
async def test_format_goes_before_the_header(desk, path, wanted, status):
    path = path.format(await the_id_of_lan(desk))
    mark = "&" if "?" in path else "?"

    response, _ = await fhir(
        desk, "GET", f"{path}{mark}_format={wanted}", headers={"Accept": "text/html"}
    )

    assert response.status == status


@pytest.mark.parametrize(
    ("prefer", "status", "kind"),
    [
        ("return=representation", 200, "CoverageEligibilityResponse"),
        ("return=OperationOutcome", 200, "OperationOutcome"),
        ("return=minimal", 204, None),
        ("return=nothing; x", 200, "CoverageEligibilityResponse"),
    ],
)
async def test_a_caller_says_how_much_comes_back(desk, prefer, status, kind):
    response, body = await fhir(
        desk,
        "POST",
        ELIGIBILITY,
        json=an_eligibility_request(),
        headers={"Prefer": prefer},
    )

    assert response.status == status
    assert (body and body["resourceType"]) == kind
    assert response.headers["ETag"]


async def test_an_answer_without_body_may_be_known_already(desk):
    asked = {"json": an_eligibility_request(), "headers": {"Prefer": "return=minimal"}}
    first, _ = await fhir(desk, "POST", ELIGIBILITY, **asked)
    asked["headers"]["If-None-Match"] = first.headers["ETag"]

    second, _ = await fhir(desk, "POST", ELIGIBILITY, **asked)

    assert second.status == 304


@pytest.mark.parametrize(("handling", "status"), [("lenient", 200), ("strict", 400)])
async def test_unknown_parameters_are_ignored_or_refused(desk, handling, status):
    headers = {"Prefer": f"handling={handling}"}

    response, body = await fhir(
        desk, "POST", "Patient/_search", data=LAN | {"_count": "1"}, headers=headers
    )

    assert response.status == status
    issues = body["entry"][-1]["resource"]["issue"] if status == 200 else body["issue"]
    assert "1 " in issues[-1]["diagnostics"]


async def test_the_same_answer_is_not_sent_twice(desk):
    path = f"Patient/{await the_id_of_lan(desk)}"
    first, _ = await fhir(desk, "GET", path)
    desk.clock.move(by_s=30)

    second, body = await fhir(
        desk, "GET", path, headers={"If-None-Match": first.headers["ETag"]}
    )

    assert first.headers["ETag"].startswith('W/"')
    assert (second.status, body) == (304, None)
    assert len(desk.audit.entries) == 3


async def test_a_changed_record_is_sent_again(desk):
    path = f"Coverage?patient={await the_id_of_lan(desk)}"
    first, _ = await fhir(desk, "GET", path)
    desk.source.know(a_coverage(cards=()))

    second, bundle = await fhir(
        desk, "GET", path, headers={"If-None-Match": first.headers["ETag"]}
    )

    assert (second.status, matches(bundle), told(bundle)) == (200, [], "050")


async def test_two_cards_of_one_person_are_two_answers(desk):
    numbers = [CARD_NUMBER, "GD4686800000002"]
    desk.source.know(a_coverage(cards=[a_card(card_number=n) for n in numbers]))
    said = [{"identifier": n, "patient.birthdate": "eq1980-03-05"} for n in numbers]
    first, _ = await fhir(desk, "POST", "Coverage/_search", data=said[0])
    headers = {"If-None-Match": first.headers["ETag"]}

    second, _ = await fhir(
        desk, "POST", "Coverage/_search", data=said[1], headers=headers
    )

    assert second.status == 200


async def test_a_mismatch_and_nobody_are_the_same_to_the_last_byte(desk):
    desk.directory.scopes = frozenset({Scope.LOOKUP})
    wrong = LAN | {"name": "Phạm Quốc Bảo"}
    first, mismatch = await fhir(desk, "POST", "Patient/_search", data=wrong)
    desk.source.forget_all()

    second, nobody = await fhir(desk, "POST", "Patient/_search", data=wrong)

    assert mismatch == nobody
    assert first.headers["ETag"] == second.headers["ETag"]


@pytest.mark.parametrize(
    ("broken", "status", "kind"),
    [
        ("source", 503, "transient"),
        ("audit", 503, "transient"),
        ("code", 500, "exception"),
    ],
)
async def test_a_failure_of_ours_is_an_outcome_and_counted_once(
    desk, broken, status, kind
):
    {
        "source": desk.source.unplug,
        "audit": desk.audit.break_,
        "code": lambda: desk.source.fail(ZeroDivisionError("x"), Facet.COVERAGE),
    }[broken]()

    response, outcome = await fhir(desk, "POST", "Patient/_search", data=LAN)

    assert response.status == status
    assert outcome["issue"][0]["code"] == kind
    counted = desk.metrics.read("tracuu_lookups_total", "unavailable", "none", "fhir")
    assert counted == 1


async def test_a_stranger_is_told_how_to_come_in(desk):
    response, outcome = await fhir(desk, "POST", "Patient/_search", data=LAN, key=None)

    assert response.status == 401
    assert outcome["issue"][0]["code"] == "login"
    assert response.headers["WWW-Authenticate"]
    assert desk.metrics.read("tracuu_lookups_total", "refused", "none", "fhir") == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Observation", 404),
        ("DELETE", "Patient/x", 405),
        ("GET", "CoverageEligibilityRequest", 405),
        ("GET", "Coverage/x", 404),
    ],
)
async def test_what_is_not_there_is_an_outcome_too(desk, method, path, status):
    response, outcome = await fhir(desk, method, path)

    assert response.status == status
    assert outcome["issue"][0]["severity"] == "error"


@pytest.mark.parametrize("path", [ELIGIBILITY, "Patient/$summary", "Patient/_search"])
async def test_a_body_of_another_kind_is_refused(desk, path):
    headers = {"Content-Type": "text/plain"}

    response, _ = await fhir(desk, "POST", path, data=b"x", headers=headers)

    assert response.status == 415


def test_every_problem_that_can_happen_here_has_a_word_of_fhir():
    ours = {"internal", "officer_unknown", "officer_name_differs"}

    assert set(PROBLEMS) - ours <= set(ISSUE_TYPES)


def calls_of(statement, patient_id, coverage_id):
    """A request for everything the statement claims."""
    ids = {"Patient": patient_id, "Coverage": coverage_id}
    halves = {"family": "Nguyễn", "given": "Thị Lan"}
    posted = {"name": LAN, "birthdate": LAN, "identifier": {"identifier": CITIZEN_ID}}
    posted |= dict.fromkeys(halves, halves | {"identifier": CITIZEN_ID})
    for resource in statement["rest"][0]["resource"]:
        kind = resource["type"]
        for interaction in resource["interaction"]:
            if interaction["code"] == "read":
                yield "GET", f"{kind}/{ids[kind]}", {}
            elif interaction["code"] == "create":
                yield "POST", kind, {"json": an_eligibility_request()}
        for parameter in resource.get("searchParam", ()):
            name = parameter["name"]
            if name in {"_id", "patient", "beneficiary"}:
                yield "GET", f"{kind}?{name}={patient_id}", {}
                yield "POST", f"{kind}/_search", {"data": {name: patient_id}}
            else:
                yield "POST", f"{kind}/_search", {"data": posted[name]}
        for operation in resource.get("operation", ()):
            yield "GET", f"{kind}/{patient_id}/${operation['name']}", {}
            yield "POST", f"{kind}/${operation['name']}", {"json": parameters(**LAN)}


async def test_everything_the_service_claims_is_true(desk):
    patient_id = await the_id_of_lan(desk)
    _, bundle = await fhir(desk, "GET", f"Coverage?patient={patient_id}")
    coverage_id = matches(bundle)[0]["id"]
    _, statement = await fhir(desk, "GET", "metadata", key=None)
    strict = {"Prefer": "handling=strict"}

    answers = [
        (call, await fhir(desk, call[0], call[1], headers=strict, **call[2]))
        for call in calls_of(statement, patient_id, coverage_id)
    ]

    assert len(answers) == 19
    assert [call for call, (response, _) in answers if response.status != 200] == []
    for media_type in statement["format"]:
        response, _ = await fhir(
            desk, "GET", f"Patient/{patient_id}", headers={"Accept": media_type}
        )
        assert response.content_type == media_type


async def test_the_service_says_where_tokens_are_given(desk):
    _, statement = await fhir(desk, "GET", "metadata", key=None)
    security = statement["rest"][0]["security"]
    places = [
        "/.well-known/smart-configuration",
        "/fhir/.well-known/smart-configuration",
    ]

    found = [await (await desk.client.get(place)).json() for place in places]

    assert security["extension"][0]["extension"][0]["valueUri"] == TOKEN_URL
    assert [each["token_endpoint"] for each in found] == [TOKEN_URL] * 2


async def test_head_tells_what_get_would(desk):
    path = f"/fhir/Patient/{await the_id_of_lan(desk)}"

    response = await desk.client.head(path, headers={"Authorization": f"Bearer {KEY}"})

    assert (response.status, response.content_type) == (200, "application/fhir+json")


async def an_address_with_a_number(desk):
    return await fhir(desk, "GET", f"Patient?identifier={CITIZEN_ID}")


async def an_id_of_another_client(desk):
    patient_id = await the_id_of_lan(desk)
    desk.directory.client_id = "phong-kham"
    return await fhir(desk, "GET", f"Patient/{patient_id}")


@pytest.mark.parametrize(
    ("guard", "absent", "attempt", "refused"),
    [
        ("searching._refuse_personal", list, an_address_with_a_number, 400),
        ("ids._bound_to", lambda *_: [b""], an_id_of_another_client, 404),
    ],
)
@pytest.mark.parametrize("is_guarded", [True, False])
async def test_each_guard_is_what_refuses(
    desk, monkeypatch, guard, absent, attempt, refused, is_guarded
):
    if not is_guarded:
        monkeypatch.setattr(f"lookup.web.fhir.{guard}", absent)

    response, _ = await attempt(desk)

    assert response.status == (refused if is_guarded else 200)
