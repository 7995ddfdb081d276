from datetime import UTC, datetime

import pytest

from lookup.web.fhir.audit_event import audit_event
from tests.support.fhir import faults_of

EVENT = {
    "age_s": 1.5,
    "asked_hash": "0a" * 16,
    "asked_kind": "citizen_id",
    "at": datetime(2026, 11, 25, 2, tzinfo=UTC),
    "chain": "00112233445566ff",
    "channel": "api",
    "citizen_hash": "0a" * 16,
    "client_id": "his-1",
    "code": "000",
    "disclosed": True,
    "facets": ["coverage", "health"],
    "facility": None,
    "n": 7,
    "operator": "Trần Văn Bình, 017",
    "outcome": "active",
    "purpose": "reception",
    "released": ["coverage"],
    "request_id": "request-1",
    "source": "population",
}


@pytest.mark.parametrize(
    "deviation",
    [
        {},
        {"operator": None, "facility": "68001"},
        {"citizen_hash": None, "source": None, "age_s": None, "released": []},
        {"chain": None, "n": None, "code": "060", "disclosed": False},
        *({"purpose": each} for each in ("treatment", "discharge", "emergency", "x")),
    ],
)
def test_every_lookup_is_a_valid_audit_event(deviation):
    assert faults_of(audit_event(EVENT | deviation)) == []


def test_who_asked_is_the_person_at_the_desk_where_one_is_known():
    client, person = audit_event(EVENT)["agent"]
    (alone,) = audit_event(EVENT | {"operator": None})["agent"]

    assert client["who"]["identifier"]["value"] == "his-1"
    assert (client["requestor"], person["requestor"]) == (False, True)
    assert person["who"] == {"display": "Trần Văn Bình, 017"}
    assert alone["requestor"]


def test_the_citizen_is_named_by_the_hash_and_the_query_by_the_request():
    patient, query = audit_event(EVENT)["entity"]

    assert patient["what"]["identifier"] == {
        "system": "urn:tracuu:citizen-hash",
        "value": "0a" * 16,
    }
    assert query["what"]["identifier"]["value"] == "request-1"
    assert {each["type"]: each["valueString"] for each in query["detail"]} == {
        "code": "000",
        "channel": "api",
        "facets": "coverage,health",
        "released": "coverage",
        "source": "population",
        "age_s": "1.5",
    }


@pytest.mark.parametrize(("disclosed", "outcome"), [(True, "0"), (False, "4")])
def test_what_was_not_disclosed_is_a_minor_failure(*, disclosed, outcome):
    assert audit_event(EVENT | {"disclosed": disclosed})["outcome"] == outcome
