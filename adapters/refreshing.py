"""A list in memory that is read again: on notice, each minute, after a failure."""

import asyncio
from collections.abc import Awaitable, Callable

from lookup.events import Events

REFRESH_S = 60.0
"""Longest time until a change is known, should its notice get lost."""

RETRY_S = 5.0
"""Wait before the list is read again after a failure."""


class Refreshing:
    """Reads a list of clients again and again; what was known stays meanwhile."""

    def __init__(self, load: Callable[[], Awaitable[None]], events: Events) -> None:
        self._load = load
        self._events = events
        self._is_outdated = asyncio.Event()

    def soon(self) -> None:
        """Have the list read again; costs nothing here."""
        self._is_outdated.set()

    async def run(self) -> None:
        """Keep the list up to date until cancelled."""
        while True:
            self._is_outdated.clear()
            try:
                await self._load()
                wait_s = REFRESH_S
            except Exception as error:  # noqa: BLE001 - this task must go on
                self._events.clients_refresh_failed(error)
                wait_s = RETRY_S
            await self._wait(wait_s)

    async def _wait(self, at_most_s: float) -> None:
        try:
            async with asyncio.timeout(at_most_s):
                await self._is_outdated.wait()
        except TimeoutError:
            pass
