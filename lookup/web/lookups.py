"""``POST /v1/lookups``: wire to ``LookupRequest`` to the spine and back."""

import asyncio
from collections.abc import Container
from dataclasses import dataclass, field
from hashlib import blake2b

from aiohttp import hdrs, web

from lookup.disclosure import Disclosure
from lookup.errors import Fault, InvalidRequestError
from lookup.memo import same_again
from lookup.ports import Clock
from lookup.service import LookupService
from lookup.web.admission import Admission
from lookup.web.answer import Answer, Outbox
from lookup.web.every_answer import EVERY_ANSWER
from lookup.web.fields import read_question
from lookup.web.wire import write_lasting, write_result

JSON = "application/json"

BODY_MAX_BYTES = 64 * 1024
"""A lookup fits into one kilobyte; nobody needs more than this."""

ANSWERS_MAX = 4_096
"""Printed answers kept in a worker: some 8 MB."""

_ALWAYS = "".join(f"{name}: {text}\r\n" for name, text in EVERY_ANSWER.items())

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

    outbox: Outbox = field(default_factory=Outbox)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Answer one lookup; every "no" of the business is a 200."""
        started_s = self.clock.monotonic()
        asker = self.admission.asker(request)
        body = _body_at_hand(request)
        if body is None:
            body = await read_body(request, timeout_s=BODY_TIMEOUT_S)
        asked = read_question(body, self.clock.today())
        deadline = self.service.deadline(asker)
        result = await self.service.look_up(asked, asker, deadline)
        printed = print_again if result.is_near else _print
        etag, lasting = printed(result.shown, self.etag_key)
        took_ms = 1000 * (self.clock.monotonic() - started_s)
        head = (
            f"ETag: {etag}\r\n"
            "Cache-Control: private, no-store\r\n"
            f"{_ALWAYS}"
            f"Server-Timing: total;dur={took_ms:.2f}\r\n"
        )
        held = request.headers.get(hdrs.IF_NONE_MATCH)
        if held is not None and _names(held, etag):
            lines = (line.split(": ") for line in head.splitlines())
            return web.Response(status=304, headers=dict(lines))
        return Answer(write_result(result, lasting), head, self.outbox)


def _print(shown: Disclosure, etag_key: bytes) -> tuple[str, bytes]:
    """The ETag and the text of what lasts of an answer."""
    lasting = write_lasting(shown)
    return f'"{blake2b(lasting, key=etag_key, digest_size=12).hexdigest()}"', lasting


print_again = same_again(_print, at_most=ANSWERS_MAX)
"""The same, but what was printed once is not printed again."""


def _body_at_hand(request: web.Request) -> bytes | None:
    """The body, if it came with the headers and needs no second look."""
    is_whole = request.content.is_eof()
    if is_whole and request.headers.get(hdrs.CONTENT_TYPE) == JSON:
        body = request.content.read_nowait()
        if len(body) > BODY_MAX_BYTES:
            raise web.HTTPRequestEntityTooLarge(BODY_MAX_BYTES)
        return body
    return None


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
        InvalidRequestError: The caller left in the midst of it, and hears nothing.
    """
    if request.content_type not in accepted:
        raise web.HTTPUnsupportedMediaType
    try:
        async with asyncio.timeout(timeout_s):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ConnectionError, RuntimeError):
        # The latter comes from uvloop, for reading on where the caller has gone.
        raise InvalidRequestError(Fault("", "ends before its end")) from None


def _names(if_none_match: str, etag: str) -> bool:
    sent = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return etag in sent
