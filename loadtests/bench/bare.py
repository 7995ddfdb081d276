"""The ceiling: an aiohttp server that reads a body and returns an answer made before.

It has the loop, the limits and the garbage collection of our workers and nothing else.
``python -m loadtests.bench.bare PORT FILE``.
"""

import asyncio
import gc
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from lookup.web.serving import KEEPALIVE_S
from lookup.worker import GC_THRESHOLD


async def serve(port: int, answer: bytes) -> None:
    """Answer every ``POST /v1/lookups`` alike, until cancelled."""

    async def post(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=answer, content_type="application/json")

    app = web.Application()
    app.add_routes([web.post("/v1/lookups", post)])
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=KEEPALIVE_S)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD)
    await asyncio.Event().wait()


def main() -> None:
    """Serve at the port and with the answer that the command line names."""
    port, file = sys.argv[1:]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(port), Path(file).read_bytes()))


if __name__ == "__main__":
    main()
