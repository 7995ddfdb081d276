"""The code systems that resources name."""

RESULT = "urn:tracuu:result"
"""The insurer's result codes, as in ``lookup.codes``."""

PROBLEM = "urn:tracuu:problem"
"""Why there was no answer, as in ``lookup.web.problems``."""

REQUEST = "urn:tracuu:request"
"""Ids of requests, as in the header ``X-Request-Id``."""

CLIENT = "urn:tracuu:client"
"""Systems that may ask, by their names here."""

CITIZEN_HASH = "urn:tracuu:citizen-hash"
"""Keyed hashes of citizen IDs, as the audit has them."""

BENEFIT_LEVEL = "urn:tracuu:benefit-level"
SUBJECT = "urn:tracuu:subject-code"
FACILITY = "urn:tracuu:facility"
AREA = "urn:tracuu:area"
DOCUMENT_KIND = "urn:tracuu:document-kind"
VACCINE = "urn:tracuu:vaccine"
SOURCE = "urn:tracuu:source"

DICOM = "http://dicom.nema.org/resources/ontology/DCM"
LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
ATC = "http://www.whocc.no/atc"
ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
HL7 = "http://terminology.hl7.org/CodeSystem/"
"""Start of the systems that HL7 keeps for FHIR."""


def concept(
    system: str, code: str, *, display: str | None = None, text: str | None = None
) -> dict[str, object]:
    """One CodeableConcept with one coding."""
    coding = {"system": system, "code": code}
    if display is not None:
        coding["display"] = display
    return {"coding": [coding]} | ({"text": text} if text else {})
