"""The caller's side: asks a running service, once or by the thousand."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import aiohttp
import orjson

CHANNEL = "cli"
"""How the service counts what is asked here."""

TIMEOUT_S = 5.0
"""A service that has not answered by then is down, whatever its deadline."""

BATCH_TIMEOUT_S = 60.0
"""The same for a batch, which may take half a minute and be read slowly."""

FAILURES = (aiohttp.ClientError, OSError, TimeoutError)
"""Whatever a question by HTTP raises when nobody answers it."""

ASKERS = 16
"""Lookups under way at once when a sample is asked."""


_FAILURES = (aiohttp.ClientError, OSError, TimeoutError, orjson.JSONDecodeError)


class AskError(Exception):
    """The service could not be reached or does not speak as it should."""


@dataclass(frozen=True, slots=True, repr=False)
class Desk:
    """Where to ask, and with which key."""

    url: str
    api_key: str


@dataclass(slots=True)
class Tally:
    """How many of a sample came to which result, beside what was expected."""

    asked: int = 0
    failed: int = 0
    """Asked without an answer: a problem or no connection."""

    codes: Counter[str] = field(default_factory=Counter)
    surprises: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Expected and given code, where they differ."""

    def note(self, expected: str, answer: dict[str, Any] | None) -> None:
        """Count one answer, None for a failure."""
        self.asked += 1
        if answer is None:
            self.failed += 1
            return
        code = answer["result"]["code"]
        self.codes[code] += 1
        if code != expected:
            self.surprises[expected, code] += 1


@dataclass(frozen=True, slots=True)
class Asking:
    """An open connection to the service."""

    session: aiohttp.ClientSession
    desk: Desk

    async def ask(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send one lookup.

        Returns:
            The HTTP status and the document, an answer or a problem.

        Raises:
            AskError: Nobody answers there, or something other than this service.
        """
        try:
            async with self.session.post(
                f"{self.desk.url}/v1/lookups",
                data=orjson.dumps(body),
                headers=self._headers(),
            ) as response:
                return response.status, _document(await response.read())
        except (*FAILURES, ValueError) as error:
            raise self._reason(error) from None

    async def ask_batch(self, bodies: list[Any]) -> AsyncIterator[dict[str, Any]]:
        """Send up to 1,000 lookups in one request, and give each line as it comes.

        Raises:
            AskError: The service is not there, breaks off or refuses the whole.
        """
        try:
            async with self.session.post(
                f"{self.desk.url}/v1/lookups/batch",
                data=orjson.dumps({"lookups": bodies}),
                headers=self._headers(),
                timeout=aiohttp.ClientTimeout(total=BATCH_TIMEOUT_S),
            ) as response:
                if response.status != HTTPStatus.OK:
                    problem = _document(await response.read())
                    raise AskError(f"{problem['title']}: {problem['detail']}")
                async for line in response.content:
                    yield _document(line, named="index")
        except (*FAILURES, ValueError) as error:
            raise self._reason(error) from None

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.desk.api_key}",
            "Content-Type": "application/json",
            "X-Tracuu-Channel": CHANNEL,
        }

    def _reason(self, error: Exception) -> AskError:
        url = self.desk.url
        if not isinstance(error, FAILURES):
            return AskError(f"what answers at {url} is no Tracuu")
        name = type(error).__name__
        return AskError(f"no answer from {url} ({name}): is the service running there?")

    async def ask_all(
        self,
        bodies: Iterable[tuple[str, dict[str, Any]]],
        *,
        asked: Callable[[int], None],
    ) -> Tally:
        """Ask a whole sample, given as expected code and body, 16 at a time."""
        tally = Tally()
        queue = iter(bodies)

        async def askers() -> None:
            for expected, body in queue:
                status, document = await self.ask(body)
                tally.note(expected, document if status == HTTPStatus.OK else None)
                asked(tally.asked)

        await asyncio.gather(*(askers() for _ in range(ASKERS)))
        return tally


@asynccontextmanager
async def asking(desk: Desk) -> AsyncIterator[Asking]:
    """Open a connection to the service and close it at the end."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Asking(session, desk)


def _document(body: bytes, *, named: str = "request_id") -> dict[str, Any]:
    """An answer, a problem or a line of a batch, known by a field that each has.

    Raises:
        ValueError: It is nothing this service says.
    """
    document = orjson.loads(body)
    if not isinstance(document, dict) or named not in document:
        raise ValueError("not what this service says")
    return document
