"""The interactions of the dialect: wire to ``LookupRequest`` to the spine and back."""

from dataclasses import dataclass
from hashlib import blake2b
from http import HTTPStatus

import msgspec
import orjson
from aiohttp import hdrs, web

from lookup.ports import Clock
from lookup.record import InsuranceCard
from lookup.request import LookupRequest, read_request
from lookup.result import LookupResult
from lookup.scopes import Scope, same_scopes
from lookup.service import Asker, LookupService
from lookup.web.admission import Admission
from lookup.web.fhir.asking import Asked, by_id, with_health
from lookup.web.fhir.bodies import (
    EligibilityIn,
    ParametersIn,
    eligibility_asked,
    person_asked,
    purposes,
    read_resource,
)
from lookup.web.fhir.eligibility import eligibility_response
from lookup.web.fhir.ids import Ids
from lookup.web.fhir.naming import IdentifierSystems, Naming
from lookup.web.fhir.negotiation import BODY_TYPES, answer_type, wanted_return
from lookup.web.fhir.outcome import (
    nobody_response,
    outcome_response,
    result_outcome,
)
from lookup.web.fhir.resources import (
    Resource,
    cards_of,
    coverage,
    document_reference,
    patient,
    searchset,
    stamped,
)
from lookup.web.fhir.searching import (
    COVERAGE_PARAMETERS,
    DOCUMENT_PARAMETERS,
    FORMAT,
    PATIENT_PARAMETERS,
    Search,
    read_search,
)
from lookup.web.fhir.summary import summary_bundle
from lookup.web.lookups import BODY_TIMEOUT_S, read_body
from lookup.web.middleware import REQUEST_ID
from lookup.web.wire import write_lasting


@dataclass(frozen=True, slots=True)
class Call:
    """One request being answered: who asks, and how things are called for them."""

    request: web.Request
    asker: Asker
    naming: Naming


@dataclass(frozen=True, slots=True)
class Answer:
    """What a lookup came to, and how the person is called to this client."""

    wanted: LookupRequest
    result: LookupResult
    patient_id: str | None
    """The id it was asked by, else that of the person; None for nobody."""


@dataclass(frozen=True, slots=True)
class Fhir:
    """The handlers of everything that looks somebody up."""

    service: LookupService
    admission: Admission
    clock: Clock
    etag_key: bytes
    """Keys the ETag, so that nobody can guess a person from one."""

    base_url: str
    systems: IdentifierSystems
    ids: Ids

    async def post_eligibility(self, request: web.Request) -> web.Response:
        """Answer a CoverageEligibilityRequest at once; nothing is stored."""
        call = self._call(request)
        form = answer_type(request, request.query.get(FORMAT))
        body = await self._body(request)
        sent = read_resource(body, EligibilityIn, resource="CoverageEligibilityRequest")
        asked = eligibility_asked(sent, call.naming)
        found = await self._look_up(asked, call)
        wanted = wanted_return(request)
        answer = result_outcome(found.result)
        if wanted != "OperationOutcome":
            answer = eligibility_response(
                found.result,
                call.naming,
                purpose=purposes(sent),
                patient_id=found.patient_id,
                now=self.clock.now(),
            )
        form = f"{form};{wanted};{purposes(sent)}"
        response = self._answer(call, found.result, answer, form=form)
        return _emptied(response) if wanted == "minimal" else response

    async def search_patients(self, request: web.Request) -> web.Response:
        """Find a person by number and name or birth date, or by id."""
        call = self._call(request)
        search = await read_search(request, known=PATIENT_PARAMETERS)
        answer = await self._look_up(search.asked(call.naming), call)
        matches = [self._patient(answer)] if answer.patient_id is not None else []
        return self._found(call, search, result=answer.result, matches=matches)

    async def read_patient(self, request: web.Request) -> web.Response:
        """Give a person by id."""
        call, asked = self._by_id(request, resource="Patient")
        form = answer_type(request, request.query.get(FORMAT))
        answer = await self._look_up(asked, call)
        if answer.patient_id is None:
            return nobody_response(answer.result)
        return self._answer(call, answer.result, self._patient(answer), form=form)

    async def search_coverages(self, request: web.Request) -> web.Response:
        """Find a person's cards."""
        call = self._call(request)
        search = await read_search(request, known=COVERAGE_PARAMETERS)
        answer = await self._look_up(search.asked(call.naming), call)
        number = answer.wanted.identifier
        matches = [
            self._coverage(card, answer, call)
            for card in cards_of(answer.result)
            if number.kind != "card_number" or card.card_number == number.digits
        ]
        return self._found(call, search, result=answer.result, matches=matches)

    async def read_coverage(self, request: web.Request) -> web.Response:
        """Give a card by id."""
        call, asked = self._by_id(request, resource="Coverage")
        form = answer_type(request, request.query.get(FORMAT))
        answer = await self._look_up(asked, call)
        for card in cards_of(answer.result):
            if card.card_number == answer.wanted.identifier.digits:
                found = self._coverage(card, answer, call)
                return self._answer(call, answer.result, found, form=form)
        return nobody_response(answer.result)

    async def search_documents(self, request: web.Request) -> web.Response:
        """Find what papers a person's health record holds."""
        call = self._call(request)
        search = await read_search(request, known=DOCUMENT_PARAMETERS)
        answer = await self._look_up(with_health(search.asked(call.naming)), call)
        result, patient_id = answer.result, answer.patient_id
        if result.health_is_missing:
            return self._without_health(request)
        matches = []
        if patient_id is not None and result.health is not None:
            matches = [
                stamped(document_reference(document, patient_id), result)
                for document in result.health.documents
            ]
        return self._found(call, search, result=result, matches=matches)

    async def read_summary(self, request: web.Request) -> web.Response:
        """Give a person's summary by id."""
        call, asked = self._by_id(request, resource="Patient")
        return await self._summary(call, asked)

    async def post_summary(self, request: web.Request) -> web.Response:
        """Give a person's summary by number and name or birth date."""
        call = self._call(request)
        body = await self._body(request)
        sent = read_resource(body, ParametersIn, resource="Parameters")
        return await self._summary(call, person_asked(sent, call.naming))

    async def _summary(self, call: Call, asked: Asked) -> web.Response:
        form = answer_type(call.request, call.request.query.get(FORMAT))
        answer = await self._look_up(with_health(asked), call)
        result, patient_id = answer.result, answer.patient_id
        if result.health_is_missing:
            return self._without_health(call.request)
        if patient_id is None:
            return nobody_response(result)
        document = summary_bundle(
            result, call.naming, patient_id=patient_id, now=self.clock.now()
        )
        return self._answer(call, result, document, form=form)

    def _call(self, request: web.Request) -> Call:
        asker = self.admission.asker(request)
        naming = Naming(self.base_url, self.systems, self.ids, asker.client_id)
        return Call(request, asker, naming)

    def _by_id(self, request: web.Request, *, resource: str) -> tuple[Call, Asked]:
        call = self._call(request)
        asked = by_id(request.match_info["id"], call.naming, resource=resource)
        if asked is None:
            raise web.HTTPNotFound
        return call, asked

    async def _body(self, request: web.Request) -> bytes:
        return await read_body(request, timeout_s=BODY_TIMEOUT_S, accepted=BODY_TYPES)

    async def _look_up(self, asked: Asked, call: Call) -> Answer:
        """Ask the spine. An id proves what else a name or birth date would prove."""
        wanted = read_request(asked.fields, today=self.clock.today())
        asker = call.asker
        if asked.is_proven:
            scopes = same_scopes(asker.scopes | {Scope.ID_ONLY})
            asker = msgspec.structs.replace(asker, scopes=scopes)
        deadline = self.service.deadline(asker)
        result = await self.service.look_up(wanted, asker, deadline)
        patient_id = None
        if result.person is not None:
            own_id = call.naming.patient_id(result.person, wanted.identifier)
            patient_id = asked.patient_id or own_id
        return Answer(wanted, result, patient_id)

    def _patient(self, answer: Answer) -> Resource:
        result, patient_id = answer.result, answer.patient_id
        assert result.person is not None
        assert patient_id is not None
        return stamped(patient(result.person, patient_id, self.systems), result)

    def _coverage(self, card: InsuranceCard, answer: Answer, call: Call) -> Resource:
        assert answer.patient_id is not None
        return stamped(coverage(card, answer.patient_id, call.naming), answer.result)

    def _found(
        self,
        call: Call,
        search: Search,
        *,
        result: LookupResult,
        matches: list[Resource],
    ) -> web.Response:
        addressed = [(self._address(each), each) for each in matches]
        self_url = self.base_url + call.request.path.removeprefix("/fhir")
        outcome = result_outcome(result, ignored=search.ignored)
        # Two cards of one person are two searches with one result.
        form = f"{search.form};{search.ignored};{[url for url, _ in addressed]}"
        bundle = searchset(addressed, outcome, self_url)
        return self._answer(call, result, bundle, form=form)

    def _address(self, resource: Resource) -> str:
        """Where a resource can be read; papers cannot, so theirs is only a name."""
        kind, name = resource["resourceType"], resource["id"]
        if kind == "DocumentReference":
            return f"urn:uuid:{name}"
        return f"{self.base_url}/{kind}/{name}"

    def _answer(
        self, call: Call, result: LookupResult, answer: Resource, *, form: str
    ) -> web.Response:
        """The answer, or 304 to a caller that already holds what lasts of it."""
        etag = self._etag(result, f"{call.asker.client_id} {call.request.path} {form}")
        headers = {
            hdrs.ETAG: f'W/"{etag}"',
            hdrs.CACHE_CONTROL: "private, no-store",
            hdrs.VARY: "Accept, Authorization, Prefer",
        }
        held = call.request.if_none_match or ()
        if any(tag.value == etag for tag in held):
            return web.Response(status=304, headers=headers)
        return web.Response(
            body=orjson.dumps(answer),
            content_type=form.partition(";")[0],
            charset="utf-8",
            headers=headers,
        )

    def _etag(self, result: LookupResult, form: str) -> str:
        lasting = write_lasting(result.shown)
        digest = blake2b(lasting, key=self.etag_key, digest_size=12)
        digest.update(form.encode())
        return digest.hexdigest()

    def _without_health(self, request: web.Request) -> web.Response:
        """Say that the health record is out of reach; the lookup itself was counted."""
        code = "source_unavailable"
        self.service.metrics.problem_answered(code)
        return outcome_response(code, request_id=request[REQUEST_ID])


def _emptied(response: web.Response) -> web.Response:
    """The same answer without its body, as a caller wants that only counts on it."""
    is_whole = response.status == HTTPStatus.OK
    status = HTTPStatus.NO_CONTENT if is_whole else response.status
    kept = {name: response.headers[name] for name in (hdrs.ETAG, hdrs.CACHE_CONTROL)}
    return web.Response(status=status, headers=kept)
