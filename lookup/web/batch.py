"""``POST /v1/lookups/batch``: many lookups in one request, a line for each answer.

A batch takes its lookups in portions: each travels to the database in one statement,
and leaves room for those who stand at a desk.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from aiohttp import hdrs, web

from lookup.citizen_id import Identifier
from lookup.deadline import Deadline
from lookup.errors import (
    DeadlineExceededError,
    Fault,
    InvalidRequestError,
    NotAllowedError,
)
from lookup.ports import RecordSource
from lookup.record import Facet, Finding
from lookup.request import Claim
from lookup.scopes import Scope
from lookup.service import Asker
from lookup.web.every_answer import EVERY_ANSWER
from lookup.web.fields import read_batch, read_question
from lookup.web.lookups import Lookups, read_body
from lookup.web.middleware import Edge
from lookup.web.wire import write_lasting, write_result

BODY_MAX_BYTES = 1024 * 1024
"""Room for 1,000 lookups of a kilobyte, QR codes included."""

BODY_TIMEOUT_S = 10.0
"""Longest wait for a body once the headers are there: a slow line, in seconds."""

PORTION = 64
"""Lookups of one batch under way at once."""

BATCHES_MAX = 2
"""Batches under way at once, per worker; further ones wait for their turn."""

BATCH_MAX_S = 30.0
"""Longest time for a batch, waiting included; what is left over becomes problems."""

READING_MAX_S = 10.0
"""How much longer a caller may take to read the lines before we hang up."""

MEDIA_TYPE = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Pacing:
    """A ``RecordSource`` that hands its findings on one by one.

    A portion is found in one moment. Were all of it decided in that moment, too, a
    single lookup would wait for all of it.
    """

    source: RecordSource
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def fetch(
        self,
        identifier: Identifier,
        facet: Facet,
        deadline: Deadline,
        *,
        claim: Claim | None = None,
    ) -> Finding:
        """Say what is known, as ``RecordSource`` promises, when it is our turn."""
        finding = await self.source.fetch(identifier, facet, deadline, claim=claim)
        async with self.turn:
            await asyncio.sleep(0)
        return finding


class Batches:
    """The handler of many lookups at once."""

    def __init__(self, lookups: Lookups, edge: Edge) -> None:
        """Answer each line as ``lookups`` answers one, within the same deadline."""
        self._lookups = lookups
        self._edge = edge
        paced = Pacing(lookups.service.source)
        self._service = replace(lookups.service, source=paced)
        self._places = asyncio.Semaphore(BATCHES_MAX)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Answer every lookup as it is finished; one that fails costs no other."""
        asker = self._lookups.admission.asker(request)
        if Scope.BATCH not in asker.scopes:
            raise NotAllowedError(Scope.BATCH)
        larger = request.clone(client_max_size=BODY_MAX_BYTES)
        bodies = read_batch(await read_body(larger, timeout_s=BODY_TIMEOUT_S))
        monotonic = self._lookups.clock.monotonic
        whole = Deadline(monotonic() + BATCH_MAX_S, monotonic)
        await self._take_place(whole)
        try:
            return await self._stream(request, bodies, asker=asker, whole=whole)
        finally:
            self._places.release()

    async def _take_place(self, whole: Deadline) -> None:
        try:
            async with asyncio.timeout(whole.left_s()):
                await self._places.acquire()
        except TimeoutError:
            raise DeadlineExceededError("other batches took all the time") from None

    async def _stream(
        self,
        request: web.Request,
        bodies: list[bytes],
        *,
        asker: Asker,
        whole: Deadline,
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                hdrs.CONTENT_TYPE: MEDIA_TYPE,
                **EVERY_ANSWER,
                hdrs.CACHE_CONTROL: "private, no-store",
                "X-Request-Id": asker.request_id,
            }
        )
        await response.prepare(request)
        try:
            async with asyncio.timeout(whole.left_s() + READING_MAX_S):
                for first in range(0, len(bodies), PORTION):
                    portion = enumerate(bodies[first : first + PORTION], first)
                    lines = [
                        self._line(index, body, asker=asker, whole=whole)
                        for index, body in portion
                    ]
                    await _write_all(response, lines)
        except (ConnectionResetError, TimeoutError):
            # Cut off, so that nobody takes half of the lines for all of them.
            if request.transport is not None:
                request.transport.abort()
        return response

    async def _line(
        self, index: int, body: bytes, *, asker: Asker, whole: Deadline
    ) -> bytes:
        """One lookup, from its text to its line; never raises."""
        started_s = self._lookups.clock.monotonic()
        self._edge.metrics.lookup_started()
        try:
            answer = await self._answer(body, asker, whole)
        except Exception as error:  # noqa: BLE001 - a defect costs one line, not all
            problem = self._edge.lookup_failed(
                _placed(error, index),
                request_id=asker.request_id,
                channel=asker.channel,
                started_s=started_s,
            )
            return b'{"index":%d,"problem":%b}\n' % (index, orjson.dumps(problem))
        finally:
            self._edge.metrics.lookup_ended()
        return b'{"index":%d,"answer":%b}\n' % (index, answer)

    async def _answer(self, body: bytes, asker: Asker, whole: Deadline) -> bytes:
        asked = read_question(body, self._lookups.clock.today())
        deadline = self._service.deadline(asker, whole.left_s())
        result = await self._service.look_up(asked, asker, deadline)
        return write_result(result, write_lasting(result.shown))


async def _write_all(
    response: web.StreamResponse, lines: Iterable[Coroutine[Any, Any, bytes]]
) -> None:
    """Write each line as it is finished, at the speed at which they are read."""
    tasks = [asyncio.create_task(line) for line in lines]
    try:
        for finished in asyncio.as_completed(tasks):
            await response.write(await finished)
    finally:
        for task in tasks:
            task.cancel()


def _placed(error: Exception, index: int) -> Exception:
    """The same error, its pointers from the top of the batch."""
    if not isinstance(error, InvalidRequestError):
        return error
    faults = (
        Fault(f"/lookups/{index}{fault.pointer}", fault.message)
        for fault in error.faults
    )
    return InvalidRequestError(*faults)
