"""Waits for what comes about in its own time."""

import asyncio

LONGEST_S = 10.0
"""Far more than anything needs; reached only when a test fails."""


async def eventually(holds):
    """Wait until ``await holds()`` is true, and give what it came to.

    For what another process does without telling; where there is an event, wait for
    that.
    """
    async with asyncio.timeout(LONGEST_S):
        while not (outcome := await holds()):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    return outcome


async def soon(awaitable):
    """Wait for something that must come."""
    return await asyncio.wait_for(awaitable, LONGEST_S)
