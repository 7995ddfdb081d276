"""The dialect's addresses and who answers at each."""

from aiohttp import web

from lookup.settings import Settings
from lookup.web.fhir import addresses
from lookup.web.fhir.capability import capability_response
from lookup.web.fhir.handlers import Fhir
from lookup.web.fhir.ids import Ids
from lookup.web.fhir.naming import IdentifierSystems
from lookup.web.lookups import Lookups
from lookup.web.openapi import service_version
from lookup.web.public_address import public_address


def fhir_beside(lookups: Lookups, settings: Settings, *, ids: Ids) -> Fhir:
    """The dialect over the same spine and for the same clients as ``/v1``.

    Args:
        lookups: The handler of ``/v1``.
        settings: How numbers are called here, and by which address.
        ids: What makes and opens the ids of resources.
    """
    return Fhir(
        service=lookups.service,
        admission=lookups.admission,
        clock=lookups.clock,
        etag_key=lookups.etag_key,
        base_url=f"{public_address(settings)}/fhir",
        systems=IdentifierSystems(
            citizen_id=settings.fhir_citizen_id_system,
            legacy_id=settings.fhir_legacy_id_system,
            insurance_number=settings.fhir_insurance_number_system,
        ),
        ids=ids,
    )


def fhir_routes(fhir: Fhir, token_url: str) -> list[web.RouteDef]:
    """The routes under ``/fhir``; fixed names come before ids."""
    metadata = capability_response(fhir.base_url, token_url, service_version())
    return [
        web.get("/fhir/metadata", metadata),
        web.post(addresses.ELIGIBILITY, fhir.post_eligibility),
        web.post(addresses.PATIENT_SEARCH, fhir.search_patients),
        web.get(addresses.PATIENTS, fhir.search_patients),
        web.post(addresses.SUMMARY, fhir.post_summary),
        web.get(addresses.PATIENT_SUMMARY, fhir.read_summary),
        web.get(addresses.PATIENT, fhir.read_patient),
        web.post(addresses.COVERAGE_SEARCH, fhir.search_coverages),
        web.get(addresses.COVERAGES, fhir.search_coverages),
        web.get(addresses.COVERAGE, fhir.read_coverage),
        web.post(addresses.DOCUMENT_SEARCH, fhir.search_documents),
        web.get(addresses.DOCUMENTS, fhir.search_documents),
    ]
