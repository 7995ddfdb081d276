"""One question to the gateway over HTTP, bounded in size; time is the asker's.

Nothing is followed or kept: no redirect, because the address carries our password, no
cookie, no proxy of the environment. Nothing is asked twice here.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Literal

import aiohttp
import msgspec
from aiohttp import hdrs

from adapters.vss_codes import GatewayFaultError

BODY_MAX_BYTES = 4 * 1024 * 1024
"""Far more than a lifetime of visits."""

CONNECTIONS_MAX = 32
"""Per worker. At 1 to 3 s a question, the gateway asks its callers to be few."""

IDLE_S = 4.0
"""Connections idle for longer are closed by us, before the gateway may do so."""

_REFUSING = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What came back: a body, or that the token or account was refused."""

    body: bytes
    is_refusal: bool
    sent_at_s: float | None
    """The gateway's own clock, POSIX, None when it did not say."""


class Http:
    """POSTs to one gateway."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")

    async def post(
        self,
        path: str,
        fields: Mapping[str, str],
        *,
        form: Literal["json", "urlencoded"],
        query: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send fields and read the whole reply.

        Raises:
            GatewayFaultError: No connection, a status that is no answer, or a body
                beyond measure.
        """
        data, content_type = _encoded(fields, form)
        try:
            async with self._session.post(
                self._url + path,
                params=query,
                data=data,
                headers=content_type,
                allow_redirects=False,
            ) as response:
                return await _reply(response)
        except (aiohttp.ClientError, OSError) as error:
            raise GatewayFaultError("theirs", "connection") from error


@asynccontextmanager
async def open_http(url: str) -> AsyncIterator[Http]:
    """Connections to the gateway that live as long as the block."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX, keepalive_timeout=IDLE_S)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers={hdrs.USER_AGENT: "tracuu"},
    ) as session:
        yield Http(session, url)


def _encoded(
    fields: Mapping[str, str], form: Literal["json", "urlencoded"]
) -> tuple[bytes | aiohttp.FormData, dict[str, str]]:
    if form == "urlencoded":
        return aiohttp.FormData(dict(fields)), {}
    sent: dict[str, str] = {hdrs.CONTENT_TYPE: "application/json; charset=utf-8"}
    return msgspec.json.encode(fields), sent


async def _reply(response: aiohttp.ClientResponse) -> Reply:
    is_refusal = response.status in _REFUSING
    if response.status != HTTPStatus.OK and not is_refusal:
        raise GatewayFaultError("theirs", f"http_{response.status}")
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            response.close()
            raise GatewayFaultError("theirs", "body_too_large")
    sent_at_s = _instant(response.headers.get(hdrs.DATE))
    return Reply(bytes(body), is_refusal=is_refusal, sent_at_s=sent_at_s)


def _instant(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None
