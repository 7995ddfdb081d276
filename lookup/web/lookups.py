"""``POST /v1/lookups``: wire to ``LookupRequest`` to the spine and back."""

import asyncio
from collections.abc import Container
from dataclasses import dataclass
from hashlib import blake2b

from aiohttp import hdrs, web

from lookup.ports import Clock
from lookup.request import read_request
from lookup.service import LookupService
from lookup.web.admission import Admission
from lookup.web.fields import read_fields
from lookup.web.wire import write_result

JSON = "application/json"

BODY_MAX_BYTES = 64 * 1024
"""A lookup fits into one kilobyte; nobody needs more than this."""

BODY_TIMEOUT_S = 2.0
"""Longest wait for a body once the headers are there, in seconds."""


@dataclass(frozen=True, slots=True)
class Lookups:
    """The handler of one lookup."""

    service: LookupService
    admission: Admission
    clock: Clock
    etag_key: bytes
    """Keys the ETag, so that nobody can guess a person from one."""

    async def post(self, request: web.Request) -> web.Response:
        """Answer one lookup; every "no" of the business is a 200."""
        started_s = self.clock.monotonic()
        asker = self.admission.asker(request)
        body = await read_body(request, timeout_s=BODY_TIMEOUT_S)
        fields = read_fields(body)
        asked = read_request(fields, today=self.clock.today())
        deadline = self.service.deadline(asker)
        result = await self.service.look_up(asked, asker, deadline)
        lasting, body = write_result(result)
        headers = {
            hdrs.ETAG: self._etag(lasting),
            hdrs.CACHE_CONTROL: "private, no-store",
            "Server-Timing": f"total;dur={self._elapsed_ms(started_s):.2f}",
        }
        if _names(request.headers.get(hdrs.IF_NONE_MATCH, ""), headers[hdrs.ETAG]):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers, content_type="application/json")

    def _etag(self, lasting: bytes) -> str:
        return f'"{blake2b(lasting, key=self.etag_key, digest_size=12).hexdigest()}"'

    def _elapsed_ms(self, started_s: float) -> float:
        return 1000 * (self.clock.monotonic() - started_s)


async def read_body(
    request: web.Request, *, timeout_s: float, accepted: Container[str] = (JSON,)
) -> bytes:
    """Read a body, cutting off those that are too large or too slow.

    Args:
        request: Whose body it is.
        timeout_s: Longest wait for it, once the headers are there.
        accepted: What it may say it is.

    Raises:
        web.HTTPUnsupportedMediaType: It says that it is something else.
        web.HTTPRequestEntityTooLarge: It is larger than the request may be.
        web.HTTPRequestTimeout: It did not arrive in time.
    """
    if request.content_type not in accepted:
        raise web.HTTPUnsupportedMediaType
    try:
        async with asyncio.timeout(timeout_s):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None


def _names(if_none_match: str, etag: str) -> bool:
    sent = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in sent
