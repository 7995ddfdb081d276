"""Where the dialect is spoken: every address that looks somebody up."""

PREFIX = "/fhir/"
"""Start of every address of the dialect."""

ELIGIBILITY = "/fhir/CoverageEligibilityRequest"
PATIENTS = "/fhir/Patient"
PATIENT = "/fhir/Patient/{id}"
PATIENT_SEARCH = "/fhir/Patient/_search"
PATIENT_SUMMARY = "/fhir/Patient/{id}/$summary"
SUMMARY = "/fhir/Patient/$summary"
COVERAGES = "/fhir/Coverage"
COVERAGE = "/fhir/Coverage/{id}"
COVERAGE_SEARCH = "/fhir/Coverage/_search"
DOCUMENTS = "/fhir/DocumentReference"
DOCUMENT_SEARCH = "/fhir/DocumentReference/_search"

LOOKUP_ROUTES = frozenset(
    {
        *(ELIGIBILITY, PATIENTS, PATIENT, PATIENT_SEARCH, PATIENT_SUMMARY, SUMMARY),
        *(COVERAGES, COVERAGE, COVERAGE_SEARCH, DOCUMENTS, DOCUMENT_SEARCH),
    }
)
"""Where a failure is a failed lookup and counted as one."""
