"""A desk that speaks FHIR, and two checkers of what it hears."""

from functools import cache

from fhir.resources.R4B import get_fhir_model_class
from pyrofile_validator.config import ValidatorConfig
from pyrofile_validator.core.engine import Validator

from tests.support.builders import CITIZEN_ID
from tests.support.desk import KEY

LAN = {
    "identifier": CITIZEN_ID,
    "name": "Nguyễn Thị Lan",
    "birthdate": "1980-03-05",
}
"""How a search asks for the person of the builders."""

FALSE_ALARMS = (
    # Its tables lack elements that R4 has: text of a section, text of a dosage.
    "Unknown element Composition.section",
    "Unknown element MedicationStatement.dosage",
    # Its value set lacks the media types, which R4 takes from a register.
    "Code 'application/",
)
"""What pyrofile-validator 0.3.0 finds wrong and is right."""


async def fhir(desk, method, path, *, key=KEY, **options):
    """Send a request to the dialect; the answer is parsed and checked.

    An answer that is no resource, or one that a checker refuses, is an error.
    """
    headers = options.pop("headers", {})
    if key is not None:
        headers = headers | {"Authorization": f"Bearer {key}"}
    response = await desk.client.request(
        method, f"/fhir/{path}", headers=headers, **options
    )
    if not await response.read():
        return response, None
    body = await response.json(content_type=None)
    faults = faults_of(body)
    assert faults == [], faults
    return response, body


@cache
def _checker():
    return Validator(ValidatorConfig())


def faults_of(resource):
    """What the two checkers find wrong with a resource."""
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValueError as error:
        return [str(error)]
    report = _checker().validate_resource(resource)
    return [
        issue.message
        for issue in report.issues
        if issue.severity == "error" and not issue.message.startswith(FALSE_ALARMS)
    ]


async def the_id_of_lan(desk, **options):
    """The id under which this client may read the person of the builders."""
    _, bundle = await fhir(desk, "POST", "Patient/_search", data=LAN, **options)
    (patient,) = matches(bundle)
    return patient["id"]


def matches(bundle):
    """What a search found."""
    return [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["search"]["mode"] == "match"
    ]


def told(bundle):
    """The result code beside what a search found."""
    (outcome,) = (
        entry["resource"]
        for entry in bundle["entry"]
        if entry["search"]["mode"] == "outcome"
    )
    return code_of(outcome)


def code_of(outcome):
    """Our own code in an OperationOutcome."""
    return outcome["issue"][0]["details"]["coding"][0]["code"]


def an_eligibility_request(*, said=LAN, **deviations):
    """A CoverageEligibilityRequest that brings its patient along."""
    inside = {
        "resourceType": "Patient",
        "id": "p",
        "identifier": [{"value": said["identifier"]}],
        "name": [{"text": said["name"]}],
        "birthDate": said["birthdate"],
    }
    return {
        "resourceType": "CoverageEligibilityRequest",
        "status": "active",
        "purpose": ["benefits"],
        "created": "2026-11-25",
        "insurer": {"display": "BHXH"},
        "contained": [inside],
        "patient": {"reference": "#p"},
    } | deviations


def parameters(**said):
    """A Parameters resource."""
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": name, "valueIdentifier": {"value": text}}
            if name == "identifier"
            else {"name": name, "valueString": text}
            for name, text in said.items()
        ],
    }
