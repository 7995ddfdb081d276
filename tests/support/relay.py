"""A wire between two services that can be cut, slowed and spoiled."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer


class Relay:
    """Passes every POST on, as long as it is well."""

    def __init__(self, target):
        self.url = ""
        self.passed = 0
        self._target = target
        self._session = None
        self._fault = None
        self._open = asyncio.Event()
        self._open.set()

    def spoil(self, fault):
        """Answer so from now on, without asking; None passes on again."""
        self._fault = fault

    def hold(self):
        """Say nothing from now on."""
        self._open.clear()

    def release(self):
        self._open.set()

    async def pass_on(self, request):
        await self._open.wait()
        if self._fault is not None:
            return await self._fault(request)
        self.passed += 1
        body = await request.read()
        sent = {"Content-Type": request.headers["Content-Type"]}
        async with self._session.post(
            self._target + request.path_qs, data=body, headers=sent
        ) as response:
            return web.Response(
                body=await response.read(),
                status=response.status,
                content_type=response.content_type,
            )


@asynccontextmanager
async def open_relay(target):
    """A relay to ``target`` that listens until the block ends."""
    relay = Relay(target)
    app = web.Application()
    app.router.add_post("/{path:.*}", relay.pass_on)
    async with (
        aiohttp.ClientSession() as relay._session,
        TestServer(app) as server,
    ):
        relay.url = str(server.make_url("")).rstrip("/")
        try:
            yield relay
        finally:
            relay.release()
