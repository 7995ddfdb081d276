"""The application of the FHIR peer: one search, as fhirstarter's handbook shows it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from fastapi import FastAPI
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient
from fhirstarter import FHIRProvider, FHIRStarter, InteractionContext
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from loadtests.peers.answers import birth_date_text, judge
from loadtests.peers.callers import EVERYBODY
from loadtests.peers.engine import open_engine
from loadtests.peers.reading import read_known
from loadtests.peers.records import Coverage, KnownCoverage, Person
from loadtests.peers.serving import variable
from lookup.clock import SystemClock
from lookup.codes import RESULTS, Result
from lookup.disclosure import told_code
from lookup.record import Facet
from lookup.request import LookupRequest, RequestFields, read_request
from lookup.setting_types import VN_CORE

CITIZEN_ID_SYSTEM = f"{VN_CORE}/national_id"

RESULT_SYSTEM = "urn:tracuu:result"


def make_app() -> FHIRStarter:
    """The application over the database of ``TRACUU_DATABASE_URL``."""
    engine = open_engine(variable("TRACUU_DATABASE_URL"))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    app = FHIRStarter(lifespan=lifespan)
    searches = PatientSearches(async_sessionmaker(engine, expire_on_commit=False))
    provider = FHIRProvider()
    provider.search_type(Patient)(searches.search)
    app.add_providers(provider)
    return app


class PatientSearches:
    """Finds people by number and claim."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession]) -> None:
        self._sessions = sessions

    async def search(
        self,
        context: InteractionContext,
        *,
        identifier: str,
        name: str | None,
        birthdate: str | None,
    ) -> Bundle:
        """Find a person by number and name or birth date."""
        number = identifier.rpartition("|")[2]
        fields = RequestFields(citizen_id=number, full_name=name, birth_date=birthdate)
        request = read_request(fields, today=SystemClock().today())
        record = await self._coverage(request)
        eligibility = judge(request, record, EVERYBODY.scopes)
        told = RESULTS[told_code(eligibility, EVERYBODY.scopes)]
        person = record.person if record and eligibility.identity_fits else None
        return _bundle(person, told, url=str(context.request.url.replace(query="")))

    async def _coverage(self, request: LookupRequest) -> Coverage | None:
        async with self._sessions() as session:
            read = await read_known(session, request.identifier, request.facets)
        known = read[Facet.COVERAGE]
        assert isinstance(known, KnownCoverage)
        return known.record


def _bundle(person: Person | None, told: Result, *, url: str) -> Bundle:
    entries: list[dict[str, Any]] = [
        {"resource": _outcome(told), "search": {"mode": "outcome"}}
    ]
    if person is not None:
        found = _patient(person)
        match = {"fullUrl": f"{url}/{found['id']}", "resource": found}
        entries.insert(0, match | {"search": {"mode": "match"}})
    return Bundle.model_validate(
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(entries) - 1,
            "link": [{"relation": "self", "url": url}],
            "entry": entries,
        }
    )


def _patient(person: Person) -> dict[str, Any]:
    family, *given = person.full_name.split()
    name = {"use": "official", "text": person.full_name, "family": family}
    return {
        "resourceType": "Patient",
        "id": str(uuid5(NAMESPACE_URL, person.citizen_id)),
        "identifier": [{"system": CITIZEN_ID_SYSTEM, "value": person.citizen_id}],
        "name": [name | ({"given": given} if given else {})],
        "gender": person.sex,
        "birthDate": birth_date_text(person),
    }


def _outcome(told: Result) -> dict[str, Any]:
    coding = {"system": RESULT_SYSTEM, "code": told.code, "display": told.text_en}
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "information",
                "code": "informational",
                "details": {"coding": [coding], "text": told.text_vi},
                "diagnostics": told.next_vi,
            }
        ],
    }
